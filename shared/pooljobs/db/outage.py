"""An outage of the database as one process sees it: logged once when it begins, and once when it is over."""

from __future__ import annotations

import logging
import threading
import time

import psycopg

from pooljobs.db.error_classes import one_line


class Outage:
    """Shared by the connections of one process, each of which may have its own thread.

    Attributes:
        count: Outages that were logged so far.
    """

    def __init__(self, log: logging.Logger) -> None:
        self.count = 0
        self._log = log
        self._lock = threading.Lock()
        self._away: set[object] = set()
        self._since = 0.0

    def begins(self, connection: object, error: psycopg.Error, *, known: int) -> None:
        """A connection is lost, or none was to be had.

        ``known`` is the count when that connection was got, or when the last try failed. If that is less than now, it
        broke in an outage that is over: what one notices late is no other outage.
        """
        with self._lock:
            if self._away:
                self._away.add(connection)
            elif known == self.count:
                self.count += 1
                self._away.add(connection)
                self._since = time.monotonic()
                self._log.warning("the database is away: %s; waiting for it", one_line(error))

    def ends(self, connection: object) -> None:
        """It has its database, perhaps again."""
        with self._lock:
            if connection in self._away:
                self._away.discard(connection)
                if not self._away:
                    self._log.info("the database is back after %.1f s", time.monotonic() - self._since)
