"""One thread and one connection for all that a process waits for: opened by the first wait, closed when none has been
for a while.

A job's end is told by a notification, which only makes it quick: each job is looked at by and by as well, so that a
wait outlives a lost connection, a notification that was not sent, and a commit that came late. An outage ends no wait.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock, Thread
from typing import Final
from uuid import UUID

import psycopg

from pooljobs.db.error_classes import one_line
from pooljobs.db.error_kinds import passes
from pooljobs.db.public_errors import as_ours
from pooljobs.db.store.find_jobs import Span
from pooljobs.enqueue.look_times import LookTimes
from pooljobs.enqueue.wait_book import Ended, WaitBook
from pooljobs.enqueue.wait_session import HELD_SECS, WaitSession
from pooljobs.errors import DatabaseUnreachableError, PoolJobsError, RefusedError

_LOG: Final = logging.getLogger("pooljobs.waiter")

IDLE_SECS: Final = 60.0
"""Seconds without anybody who waits, after which thread and connection go."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two tries to connect; each is twice the one before."""


class ResultHub:
    """One process's. ``open_session`` connects; ``add``, ``forget`` and ``close`` may be called by any thread."""

    def __init__(self, open_session: Callable[[], WaitSession], schema: str) -> None:
        self._open_session = open_session
        self._schema = schema
        self._book = WaitBook()
        self._times = LookTimes()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._closed = False
        self._renewed = self._waited = 0.0  # when the registrations were, and when somebody last waited
        self._bell, self._ringer = socket.socketpair()
        for end in (self._bell, self._ringer):
            end.settimeout(0)

    def add(self, ids: Sequence[UUID]) -> list[Future[Ended]]:
        """Waits for these jobs: a future for each, in their order, of what became of it."""
        with self._starting:
            if self._closed:
                raise _closed()
            futures = self._book.add(ids)
            if self._thread is None:
                self._thread = Thread(target=self._live, name="pooljobs-waiter", daemon=True)
                self._thread.start()
        self._ring()
        return futures

    def forget(self, ids: Sequence[UUID], futures: Sequence[Future[Ended]]) -> None:
        """Waits for these no longer."""
        self._book.forget(ids, futures)

    def close(self) -> None:
        """Ends the thread and the connection; whoever waits gets a RefusedError."""
        with self._starting:
            self._closed, thread = True, self._thread
        self._ring()
        if thread is not None:
            thread.join(timeout=5.0)
        if thread is None or not thread.is_alive():
            self._bell.close()
            self._ringer.close()
        self._book.abandon(_closed())

    def _ring(self) -> None:
        with suppress(OSError):  # it rings already, or was closed
            self._ringer.send(b"!")

    def _live(self) -> None:
        pause = FIRST_PAUSE
        while not (self._closed or self._leaves(time.monotonic() if pause > FIRST_PAUSE else None)):
            began = time.monotonic()
            try:
                session = self._open_session()
                try:
                    if self._serve(session):
                        return
                finally:
                    session.close()
            except Exception as error:  # noqa: BLE001  # whatever it is, this thread ends no other way
                if time.monotonic() - began > LONGEST_PAUSE:  # it was there, and is lost now
                    pause = FIRST_PAUSE
                self._failed(error, tell=pause == FIRST_PAUSE)
                self._sleep(None, pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _failed(self, error: Exception, *, tell: bool) -> None:
        """What may pass ends nobody's wait, a look that was cancelled or took too long neither; what the database or
        the settings refuse ends all of them.
        """
        if isinstance(error, psycopg.Error) and not (passes(error) or isinstance(error, psycopg.OperationalError)):
            error = as_ours(error, self._schema)
        if isinstance(error, (psycopg.Error, DatabaseUnreachableError)):
            if tell:
                _LOG.warning("the database is away; jobs are waited for all the same: %s", one_line(error))
            return
        if not isinstance(error, PoolJobsError):
            _LOG.error("waiting for jobs failed", exc_info=error)
        self._book.abandon(error)

    def _serve(self, session: WaitSession) -> bool:
        """Until the session is lost, which is raised, or nobody waits any more: true then. One that only reads is left
        for another now and then.
        """
        self._renewed = self._waited = time.monotonic()
        self._book.take_fresh()
        self._begin(session, self._book.waited())
        self._times.begin_anew(self._book.waited(), self._renewed, hearing=session.hears)
        while not self._closed:
            now = time.monotonic()
            if self._book.anybody:
                self._waited = now
            elif self._leaves(self._waited + IDLE_SECS):
                return True
            if session.reads_only and now >= self._renewed + HELD_SECS / 2:
                return False
            ends = min(self._waited + IDLE_SECS, self._renewed + HELD_SECS / 2)
            self._sleep(session, min(ends, self._times.next() or ends) - now)
            self._turn(session, time.monotonic())
        return True

    def _turn(self, session: WaitSession, now: float) -> None:
        """What was heard, who came, who is to be looked at again, and who went."""
        if (heard := session.heard()) is not None:
            ids, span = heard
            self._look(session, self._book.waited(ids), span)
        if fresh := self._book.take_fresh():
            self._begin(session, fresh)
            self._times.add(self._book.waited(fresh), now)
        self._look_again(session, now)
        session.let_go(self._book.take_left())
        if now >= self._renewed + HELD_SECS / 2 and not session.reads_only:
            session.register(self._book.waited())
            self._renewed = now

    def _begin(self, session: WaitSession, ids: Sequence[UUID]) -> None:
        """First the registration: from then on settlements tell of them."""
        session.register(ids)
        self._look(session, ids)

    def _look_again(self, session: WaitSession, now: float) -> None:
        due = self._times.take_due(now)
        if due:
            self._look(session, self._book.waited(job_id for _, ids in due for job_id in ids))
            for step, ids in due:
                self._times.add(self._book.waited(ids), now, step + 1)

    def _look(self, session: WaitSession, ids: Sequence[UUID], ended: Span | None = None) -> None:
        """Fulfils what has ended, and what is not there at all; not that where only a short time was looked at."""
        found = {job.id: job for job in session.find(ids, ended)}
        for job_id in ids:
            job = found.get(job_id)
            if job.ended if job is not None else ended is None:
                self._book.fulfil(job_id, job)

    def _leaves(self, at: float | None) -> bool:
        """Whether the thread ends now: nobody waits, and it is that late."""
        with self._starting:
            if at is None or time.monotonic() < at or self._book.anybody:
                return False
            self._thread = None
            return True

    def _sleep(self, session: WaitSession | None, seconds: float) -> None:
        """Until somebody rings, something is heard, or the time is over."""
        sources = select.poll()
        sources.register(self._bell, select.POLLIN)
        if session is not None:
            sources.register(session.fileno(), select.POLLIN)
            seconds = 0.0 if session.told else seconds
        sources.poll(max(0.0, seconds) * 1000)
        with suppress(BlockingIOError):
            self._bell.recv(4096)


def _closed() -> RefusedError:
    return RefusedError("the application was closed while a job was waited for")
