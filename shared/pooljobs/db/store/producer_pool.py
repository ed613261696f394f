"""The producer's connections: opened by the thread that needs one more, kept for the next, given out only while good.

Who opens one hears at once why there is none, in the server's words. A pool that opens them in a thread of its own
knows only that it has waited, logs each try, and may be pausing when the server is back.
"""

from __future__ import annotations

import select
import time
from collections import deque
from math import ceil
from threading import Condition
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from pooljobs.db.connect import CONNECT_TIMEOUT, with_timeouts
from pooljobs.db.dsn import describe
from pooljobs.db.error_classes import unreachable
from pooljobs.db.ids import SessionIds
from pooljobs.db.statements import Statements
from pooljobs.db.store.retrying import RetryableError
from pooljobs.db.wire.prepared import UTF8
from pooljobs.errors import DatabaseUnreachableError

LONGEST_LIFE: Final = 3600.0
"""Seconds after which a connection is not kept: sessions grow, and servers behind a name change."""

LONGEST_IDLE: Final = 600.0
"""Seconds after which one that nobody needed goes, when another is given back."""

_LEAST_TIMEOUT: Final = 2
"""Seconds. libpq takes no shorter one."""


class ProducerSession:
    """A connection, and what belongs to it as long as one thread has it."""

    __slots__ = ("born", "connection", "generation", "idle_since", "ids")

    def __init__(self, connection: Connection[Any], clock_us: int, generation: int) -> None:
        self.connection = connection
        self.ids = SessionIds(clock_us)
        self.generation = generation
        self.born = self.idle_since = time.monotonic()


class ProducerPool:
    """At most ``size`` connections. Nothing is opened before it is needed; threads share it."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._size = size
        self._read_clock = Statements("").load("read_clock")
        self._freed = Condition()
        self._idle: deque[ProducerSession] = deque()
        self._count = 0  # of all sessions, those that are being opened too
        self._opening = 0
        self._generation = 0
        self._reached = False
        self._failure: psycopg.Error | None = None

    def take(self, until: float) -> ProducerSession:
        """A session, to be given back. ``until``: monotonic time up to which to wait for one.

        Raises:
            DatabaseUnreachableError: There was never a connection, and there is none now; or all are in use.
            RetryableError: There is none now.
        """
        with self._freed:
            while not self._idle and self._count >= self._size:
                if not self._freed.wait(until - time.monotonic()):
                    raise self.why_none()
            kept = self._idle.pop() if self._idle else None
            if kept is None:
                self._count += 1
        try:
            if kept is not None and is_good(kept.connection):
                return kept
            return self._open(until)
        except BaseException:
            self._leave()
            raise

    def give(self, session: ProducerSession) -> None:
        """Takes a session back, which is kept if it is as it was."""
        now = time.monotonic()
        good = session.connection.pgconn.transaction_status == TransactionStatus.IDLE
        if not good or session.generation != self._generation or now - session.born > LONGEST_LIFE:
            session.connection.close()
            self._leave()
            return
        session.idle_since = now
        with self._freed:
            self._idle.append(session)
            stale = self._idle.popleft() if now - self._idle[0].idle_since > LONGEST_IDLE else None
            self._count -= stale is not None
            self._freed.notify()
        if stale is not None:
            stale.connection.close()

    def renew(self) -> None:
        """Gives out none any more of those that there are now: the idle ones are closed, the others when they come."""
        with self._freed:
            idle, self._idle = self._idle, deque()
            self._count -= len(idle)
            self._generation += 1
            self._freed.notify_all()
        for session in idle:
            session.connection.close()

    def _leave(self) -> None:
        with self._freed:
            self._count -= 1
            self._freed.notify()

    def _open(self, until: float) -> ProducerSession:
        with self._freed:
            self._opening += 1
            generation = self._generation
        try:
            session = self._connect(until, generation)
        except psycopg.Error as error:
            self._failure = error
            told = unreachable(error, describe(self._dsn))
            told.__cause__ = error
            if self._reached:
                raise RetryableError(told) from error
            raise told from error
        finally:
            with self._freed:
                self._opening -= 1
        self._reached, self._failure = True, None
        return session

    def _connect(self, until: float, generation: int) -> ProducerSession:
        connection = psycopg.connect(
            self._conninfo(until),
            application_name="pooljobs producer",
            autocommit=True,
            # Behind a pooler that gives sessions away by the transaction, what psycopg has prepared is not there the
            # next time, or is somebody else's. The one hot statement looks after itself (prepared.py).
            prepare_threshold=None,
            client_encoding=UTF8["client_encoding"],
        )
        try:
            row = connection.execute(self._read_clock).fetchone()
            assert row is not None
            return ProducerSession(connection, row[1], generation)
        except BaseException:
            connection.close()
            raise

    def _conninfo(self, until: float) -> str:
        """With a timeout that keeps to ``until``, unless the DSN has its own."""
        left = min(CONNECT_TIMEOUT, max(_LEAST_TIMEOUT, ceil(until - time.monotonic())))
        parts: dict[str, Any] = {"connect_timeout": left, **conninfo_to_dict(self._dsn)}
        return with_timeouts(make_conninfo("", **parts))

    def why_none(self) -> DatabaseUnreachableError:
        """Others have them all: they work, or they wait for the server too."""
        where = describe(self._dsn)
        if self._failure is not None:
            told = unreachable(self._failure, where)
            told.__cause__ = self._failure
            return told
        if self._opening:
            hint = "is it behind a firewall, or are host and port in the DSN wrong?"
            return DatabaseUnreachableError(f"cannot connect to {where}: it has not answered yet", hint=hint)
        hint = "every connection of this pool is busy: raise PoolJobs(pool_size=...)"
        return DatabaseUnreachableError(f"no free connection to {where}: all {self._size} are in use", hint=hint)


def is_good(connection: Connection[Any]) -> bool:
    """Whether the server is still there; closes the connection if it is not.

    The server is asked only if the socket has something to say, such as that it is closed. A round trip before each job
    would double what storing it takes; a look at the socket costs a microsecond.
    """
    try:
        source = select.poll()
        source.register(connection.fileno(), select.POLLIN)
        if source.poll(0):
            connection.execute(b"")
    except psycopg.Error:
        connection.close()
        return False
    return True
