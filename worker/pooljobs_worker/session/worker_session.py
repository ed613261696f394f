"""A connection of the worker's own, through outages: whoever asks it for work gets its result, or leaves.

A worker has two: one for claims and the lease, one for settlements, so that a batch is settled while the next one is
claimed and run; with few connections one does for both. Each has a lock, since the flusher's thread uses them as well.
"""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.error_classes import refused
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.scoreboard import Slot, SlotState
from pooljobs_worker.runtime.exhaustion import ExhaustedError, lacking
from pooljobs_worker.session.database_wait import DatabaseWait

T = TypeVar("T")

SLICE = 0.1
"""Seconds between looks at whether to give up, while the database is away."""


class GaveUpError(Exception):
    """The wait for the database was ended, because the worker is to leave."""


class DatabaseSession(Protocol):
    """What claims, leases and registrations need of a connection."""

    def run(self, work: Callable[[Connection[Any]], T], *, give_up: Callable[[], bool] | None = None) -> T:
        """Does the work, on a connection in autocommit mode or in a transaction of its owner's."""


class WorkerSession:
    """Runs database work, through outages. ``run`` may be called from any thread."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        slot: Slot,
        *,
        wait: DatabaseWait,
        give_up: Callable[[], bool],
        number: int = 0,
    ) -> None:
        """``number`` is the session's among those of its worker, from 0: where the scoreboard shows its backend."""
        self._connection = ResilientConnection(pool, outage=wait.outage, refusals=wait.refusals, prepare=self._prepare)
        self._give_up = give_up
        self._slot = slot
        self._wait = wait
        self._number = number
        self._lock = threading.RLock()
        self._first_looks: list[Callable[[Connection[Any]], None]] = []
        self._had_one = False

    def at_reconnect(self, look: Callable[[Connection[Any]], None]) -> None:
        """Has this done on each connection that replaces a broken one, before anything else."""
        self._first_looks.append(look)

    def open(self) -> None:
        """Gets the connection now, and not when it may be too late to open one.

        Raises:
            GaveUpError: The database is away, and the worker is to leave.
        """
        self.run(lambda _connection: None)

    def probe(self) -> None:
        """Notices that the connection broke while nobody used it, and replaces it. Whoever uses it notices himself.

        Raises:
            GaveUpError: The database is away, and the worker is to leave.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            if (connection := self._connection.current) is not None and _readable(connection):
                self.run(_read)
        finally:
            self._lock.release()

    def run(self, work: Callable[[Connection[Any]], T], *, give_up: Callable[[], bool] | None = None) -> T:
        """Does the work, again and again until the database lets it pass; errors that are none of its come through.

        ``give_up`` is asked while it waits; by default the wait ends when the worker is to leave. What the database
        refuses is tried again too, and is told as what it is: a privilege, a function or a trigger can be mended, and
        this worker's results are safe as long as it keeps them. A worker that is not READY yet has failed to start.

        Work that must not be done twice has to make that certain itself, by fence and token: an error may come
        after the commit.

        Raises:
            GaveUpError: The database was away, or refused the work, and ``give_up()`` became true.
            DatabaseUnreachableError: It refused the work of a worker that is not READY yet.
            ExhaustedError: Not the database is away, but this process has nothing left to reach it with.
        """
        with self._lock:
            try:
                return self._persist(work, give_up or self._give_up)
            finally:
                self._wait.ends(self)

    def _persist(self, work: Callable[[Connection[Any]], T], give_up: Callable[[], bool]) -> T:
        while True:
            try:
                result = work(self._connection.get())
            except psycopg.Error as error:
                self._failed(error)
            else:
                self._connection.passed()
                return result
            self._pause(give_up)

    def refused(self, error: psycopg.Error, meanwhile: str) -> None:
        """Logs what was refused though the work was done; ``meanwhile`` ends the line."""
        self._wait.refusals.refused(error, meanwhile)

    def close(self) -> None:
        """Gives the connection back."""
        with self._lock:
            self._connection.close()

    def _prepare(self, connection: Connection[Any]) -> None:
        self._slot.backends[self._number] = connection.info.backend_pid
        if self._had_one:
            for look in self._first_looks:
                look(connection)
        self._had_one = True

    def _failed(self, error: psycopg.Error) -> None:
        """Raises where there is no sense in another try."""
        kind = kind_of(error)
        if kind is ErrorKind.REFUSED and self._slot.state is not SlotState.READY:
            raise refused(error) from error
        if kind is ErrorKind.AWAY and (of := lacking()):  # then none is to be had, however well the database is
            raise ExhaustedError(of) from error
        self._connection.failed(error)
        if kind is ErrorKind.AWAY:
            self._wait.begins(self)
        else:
            self._wait.ends(self)

    def _pause(self, give_up: Callable[[], bool]) -> None:
        until = time.monotonic() + self._connection.pause()
        while (left := until - time.monotonic()) > 0:
            if give_up():
                raise GaveUpError
            self._wait.lasts(self)
            time.sleep(min(left, SLICE))
        if give_up():
            raise GaveUpError


def _readable(connection: Connection[Any]) -> bool:
    """Whether something has come unasked for: nearly always its end."""
    source = select.poll()
    source.register(connection.fileno(), select.POLLIN)
    return bool(source.poll(0))


def _read(connection: Connection[Any]) -> None:
    """Raises psycopg.OperationalError at the connection's end."""
    connection.pgconn.consume_input()
