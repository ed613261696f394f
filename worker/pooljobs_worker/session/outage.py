"""What the sessions of one worker know of an outage, together: told once when it begins, and once when it is over."""

from __future__ import annotations

import logging
import threading
import time

import psycopg

from pooljobs.db.error_classes import one_line
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.scoreboard import Activity, Slot


class Outage:
    """One worker's. Shows on the scoreboard, for as long as any session waits, that the worker waits: its lease is not
    renewed then, so that others get its jobs. Any thread.

    Attributes:
        count: Outages that were told so far.
    """

    def __init__(self, slot: Slot, log: logging.Logger) -> None:
        self.count = 0
        self._slot = slot
        self._log = log
        self._payload_refusals = RefusalLog(log)
        self._lock = threading.Lock()
        self._away: set[object] = set()
        self._waiting: set[object] = set()
        self._since = 0.0
        self._before = Activity.NONE

    def begins(self, session: object, error: BaseException, *, known: int) -> None:
        """A session has lost its connection, or got none, and waits for another.

        ``known`` is the count when it got the one that it lost, or last failed to get one. If that is less than now,
        the connection broke in an outage that is over: what one session notices late is no other outage.
        """
        with self._lock:
            self._waiting.add(session)
            if self._away:
                self._away.add(session)
            elif known == self.count:
                self.count += 1
                self._away.add(session)
                self._since = time.monotonic()
                self._log.warning("the database is away: %s; waiting for it", one_line(error))
        self.lasts(session)

    def refused(self, error: psycopg.Error) -> None:
        """What a session was asked to do was refused: no outage, and the worker's lease is renewed while it waits."""
        with self._lock:
            self._payload_refusals.refused(error, "trying again")

    def lasts(self, session: object) -> None:
        """A session still waits. Said again and again: another thread may show what it does meanwhile."""
        self._slot.heartbeat_ns = time.monotonic_ns()  # it waits, and does not hang
        if session not in self._waiting:  # for what it was refused
            return
        if (activity := self._slot.activity) is not Activity.WAITING_FOR_DATABASE:
            self._before = activity
            self._slot.activity = Activity.WAITING_FOR_DATABASE

    def waits_no_more(self, session: object) -> None:
        """A session's wait is over, whether or not the outage is."""
        if session not in self._waiting:  # asked after each statement
            return
        with self._lock:
            self._waiting.discard(session)
            if not self._waiting and self._slot.activity is Activity.WAITING_FOR_DATABASE:
                self._slot.activity = self._before

    def ends(self, session: object) -> None:
        """A session has its database, perhaps again."""
        if session not in self._away:
            return
        with self._lock:
            self._away.discard(session)
            if not self._away:
                self._log.info("the database is back after %.1f s", time.monotonic() - self._since)
