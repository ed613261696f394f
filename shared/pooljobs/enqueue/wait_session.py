"""The one connection on which a process hears of the jobs that it waits for.

Behind a pooler LISTEN succeeds and nothing arrives: a session that tells another pid than the connection was given is
not its own. There, and where LISTEN is refused, nothing is asked for, and whoever waits looks by himself.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from uuid import UUID

import psycopg
from psycopg import Connection, Notify
from psycopg import errors as pg

from pooljobs.db.connect import with_timeouts
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.statements import Statements
from pooljobs.db.store.find_jobs import Span, find_jobs
from pooljobs.db.wire.prepared import UTF8
from pooljobs.job.job_status import FoundJob

HELD_SECS: Final = 60.0
"""For how long one registration holds; it is renewed at half of it."""

_DIGITS: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WaitSession:
    """One connection. All methods raise what psycopg raises; the session is then to be closed.

    Attributes:
        hears: Whether it is told of the ends of jobs.
        reads_only: Whether it is not, since nothing can be written here.
    """

    def __init__(self, connection: Connection[Any], statements: Statements) -> None:
        self._connection = connection
        self._statements = statements
        self._waiter = secrets.randbits(63)
        self._heard: list[Notify] = []
        self._registered = self.reads_only = False
        connection.add_notify_handler(self._heard.append)
        self.hears = self._listen()

    @classmethod
    def open(cls, dsn: str, schema: str) -> Self:
        """Connects."""
        connection = psycopg.connect(
            with_timeouts(dsn),
            application_name="pooljobs waiter",
            autocommit=True,
            prepare_threshold=None,
            client_encoding=UTF8["client_encoding"],
        )
        try:
            return cls(connection, Statements(schema))
        except BaseException:
            connection.close()
            raise

    def fileno(self) -> int:
        """What becomes readable when something is heard."""
        return self._connection.fileno()

    def close(self) -> None:
        """Ends the session; the server forgets the registrations when they have run out."""
        with suppress(psycopg.Error):
            self._connection.close()

    def register(self, ids: Sequence[UUID]) -> None:
        """Asks to be told of the end of these, for ``HELD_SECS``; to be called before they are looked at."""
        self._wait_for(ids, HELD_SECS)

    def let_go(self, ids: Sequence[UUID]) -> None:
        """Asks no more."""
        self._wait_for(ids, 0.0)

    def find(self, ids: Sequence[UUID], ended: Span | None = None) -> list[FoundJob]:
        """As ``find_jobs``."""
        return find_jobs(self._connection, self._statements, ids, ended)

    @property
    def told(self) -> bool:
        """Whether something came with the answer to a statement: the socket says nothing of that any more."""
        return bool(self._heard)

    def heard(self) -> tuple[list[UUID], Span] | None:
        """The jobs of which was told that they have ended, since the last call, and when; None for none. To be called
        whenever there is something to read: what is left there wakes whoever waits for it.
        """
        pgconn = self._connection.pgconn
        pgconn.consume_input()
        told = [notify.payload for notify in self._heard]
        self._heard.clear()
        while (notify := pgconn.notifies()) is not None:
            told.append(notify.extra.decode())
        times: list[datetime] = []
        ids: list[UUID] = []
        for payload in told:
            with suppress(ValueError, OverflowError):  # anybody may NOTIFY anything
                when, some = parsed(payload)
                times.append(when)
                ids += some
        return (ids, (min(times), max(times))) if ids else None

    def _listen(self) -> bool:
        row = self._connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
        if row is None or row[0] != self._connection.info.backend_pid:
            return False
        try:
            self._connection.execute(self._statements.load("listen_ended"))
        except psycopg.Error as error:
            if kind_of(error) is not ErrorKind.REFUSED and not isinstance(error, pg.ReadOnlySqlTransaction):
                raise  # a standby, where nobody may listen, can be looked at
            return False
        return True

    def _wait_for(self, ids: Sequence[UUID], seconds: float) -> None:
        if not (self.hears and ids):
            return
        asked = {"ids": list(ids), "waiter": self._waiter, "seconds": seconds}
        try:
            self._connection.execute(self._statements.load("register_waits"), asked)
        except pg.ReadOnlySqlTransaction:  # of a role, or of a database: whoever waits looks by himself
            if self._registered:  # another server may be the one that writes now
                raise
            self.hears, self.reads_only = False, True
        self._registered = True


def parsed(payload: str) -> tuple[datetime, list[UUID]]:
    """When jobs have ended, and which, as ``functions/tell_waiters.sql`` tells it.

    Raises:
        ValueError, OverflowError: It is not that.
    """
    micros, _, digits = payload.partition(":")
    ids = [UUID(hex=digits[place : place + _DIGITS]) for place in range(0, len(digits), _DIGITS)]
    return _EPOCH + timedelta(microseconds=int(micros)), ids
