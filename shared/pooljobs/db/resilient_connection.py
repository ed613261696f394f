"""A connection that outlives its sessions: got when needed, replaced when it breaks, tried again with back-off.

The worker's sessions and the steward's chores, waker and maintenance each hold one. What to do while the database is
away, and for how long, is theirs to say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.outage import Outage
from pooljobs.db.pool_checkout import borrow
from pooljobs.db.refusal_log import RefusalLog

SHORTEST_PAUSE: Final = 0.1
"""Seconds from the first failure to the next try; doubled with each failure that follows."""

LONGEST_PAUSE: Final[Mapping[ErrorKind, float]] = MappingProxyType(
    {ErrorKind.AWAY: 2.0, ErrorKind.AGAIN: 2.0, ErrorKind.REFUSED: 5.0}
)
"""Seconds: the most between two tries. What was refused waits for a person to mend it."""

SILENT_TRIES: Final = 5
"""Tries of what meets others (a deadlock, a lock) before that is logged."""


class ResilientConnection:
    """One connection at a time out of a pool of this process. Not for two threads at once.

    Args:
        pool: The connections' source; opened.
        outage: The record that this process's connections share, so that an outage is logged once.
        refusals: The log of what the database refuses.
        prepare: The first use of each new connection; again, until it passes once.
        meanwhile: The end of a refusal's line: what follows of it.
    """

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        *,
        outage: Outage,
        refusals: RefusalLog,
        prepare: Callable[[Connection[Any]], None] = lambda _connection: None,
        meanwhile: str = "trying again",
    ) -> None:
        self._pool = pool
        self._outage = outage
        self._refusals = refusals
        self._prepare = prepare
        self._meanwhile = meanwhile
        self._connection: Connection[Any] | None = None
        self._prepared: Connection[Any] | None = None
        self._known_outages = outage.count
        self._failures = 0
        self._kind = ErrorKind.AWAY

    @property
    def current(self) -> Connection[Any] | None:
        """The connection, if there is one that was prepared."""
        return self._prepared

    def attempt(self, work: Callable[[Connection[Any]], None]) -> bool:
        """Does the work once; False if it was not done. Then ``pause()`` says when to try again.

        Raises:
            psycopg.Error: psycopg could not do as it was told: a bug.
        """
        try:
            work(self.get())
        except psycopg.Error as error:
            self.failed(error)
            return False
        self.passed()
        return True

    def get(self) -> Connection[Any]:
        """The connection; a new one where there is none.

        Raises:
            psycopg.Error: None could be had, in the server's words if it has any; or it could not be prepared.
        """
        if self._prepared is not None:
            return self._prepared
        if self._connection is None:
            self._connection = borrow(self._pool)
            self._known_outages = self._outage.count
        self._prepare(self._connection)
        self._prepared = self._connection
        return self._prepared

    def passed(self) -> None:
        """Says that the work was done."""
        if self._failures:
            self._failures = 0
            self._outage.ends(self)

    def failed(self, error: psycopg.Error) -> ErrorKind:
        """Says that it was not. The connection goes, and with it what it may have kept wrong, unless it is as it was.

        Raises:
            psycopg.Error: This one, if it is a bug.
        """
        self._kind = kind = kind_of(error)
        if kind is ErrorKind.MISUSE:
            raise error
        self._failures += 1
        if kind is not ErrorKind.AGAIN or not self._is_idle():
            self.drop()
        if kind is ErrorKind.AWAY:
            self._outage.begins(self, error, known=self._known_outages)
            self._known_outages = self._outage.count
            return kind
        self._outage.ends(self)  # there was an answer
        if kind is ErrorKind.REFUSED or self._failures > SILENT_TRIES:
            self._refusals.refused(error, self._meanwhile)
        return kind

    def pause(self) -> float:
        """Seconds to wait before the next try. Half of them are random, so that a fleet does not come back as one."""
        pause = min(SHORTEST_PAUSE * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE[self._kind])
        return pause * (0.5 + random.random() / 2)

    def drop(self) -> None:
        """Closes the connection, which may be anywhere in a statement, or listen."""
        connection = self._connection
        self._connection = self._prepared = None
        if connection is not None:
            connection.close()
            self._pool.putconn(connection)

    def close(self) -> None:
        """Gives the connection back."""
        connection = self._connection
        self._connection = self._prepared = None
        if connection is not None:
            self._pool.putconn(connection)

    def _is_idle(self) -> bool:
        return self._connection is not None and self._connection.info.transaction_status is TransactionStatus.IDLE
