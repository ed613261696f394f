"""The steward's connection, and its patience with a database that is away: told once, tried again with back-off."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.error_classes import one_line
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.pool_checkout import borrow
from pooljobs.db.refusal_log import RefusalLog

LOCK_TIMEOUT = b"SET lock_timeout = '300ms'"
"""For all that goes through here: somebody's lock on a table (an index that is built, a VACUUM FULL) must not keep the
steward from what that lock does not concern."""

LONGEST_PAUSE = 2.0
"""Seconds: the most between two tries."""


class StewardConnection:
    """Holds one connection and replaces it when it breaks."""

    def __init__(self, pool: ConnectionPool[Connection[Any]], log: logging.Logger) -> None:
        self._pool = pool
        self._log = log
        self._refusals = RefusalLog(log)
        self._connection: Connection[Any] | None = None
        self._failures = 0
        self._away_since = 0.0

    def attempt(self, work: Callable[[Connection[Any]], None]) -> bool:
        """Does the work once; False if it was not done: the database was away, or refused it."""
        try:
            work(self._connect())
        except psycopg.Error as error:
            self._failed(error)
            return False
        if self._away_since:
            self._log.info("the database is back after %.1f s", time.monotonic() - self._away_since)
        self._failures, self._away_since = 0, 0.0
        return True

    def _connect(self) -> Connection[Any]:
        if self._connection is None:
            self._connection = borrow(self._pool)
            self._connection.execute(LOCK_TIMEOUT)
        return self._connection

    def pause(self) -> float:
        """Seconds to wait before the next try, half of them random."""
        return float(min(0.1 * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)) * (0.5 + random.random() / 2)

    def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            self._pool.putconn(self._connection)
            self._connection = None

    def _failed(self, error: psycopg.Error) -> None:
        kind = kind_of(error)
        if kind is ErrorKind.MISUSE:
            raise error
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            self._pool.putconn(connection)
        self._failures += 1
        if kind is not ErrorKind.AWAY:
            self._refusals.refused(error, "trying again")
        elif not self._away_since:
            self._away_since = time.monotonic()
            self._log.warning("the database is away: %s; waiting for it", one_line(error))
