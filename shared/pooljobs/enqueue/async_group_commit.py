"""Tasks of an event loop that store a job each: those that come while a statement is under way share the next one.

Each statement runs in a thread. Without this a hundred tasks would queue for the few threads that a loop has, with a
statement and a commit each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from pooljobs.job.new_job import NewJob

if TYPE_CHECKING:
    from pooljobs.db.store.group_commit import Outcome

MOST_UNDER_WAY: Final = 1
"""Statements of one loop at a time."""

Store = Callable[[Sequence[NewJob], float], "Sequence[Outcome]"]
"""Stores jobs; takes the monotonic time until which it may wait for a connection. Gives each its outcome."""


class _Call(NamedTuple):
    job: NewJob
    until: float
    stored: asyncio.Future[UUID]


class AsyncGroupCommit:
    """One event loop's. Its state is touched in that loop's thread alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Call] = deque()
        self._under_way = 0

    async def insert(self, job: NewJob, until: float) -> UUID:
        """The id of the job once it is stored. Who is cancelled while it is under way may have stored it."""
        loop = asyncio.get_running_loop()
        call = _Call(job, until, loop.create_future())
        self._waiting.append(call)
        if self._under_way < MOST_UNDER_WAY:
            self._under_way += 1
            self._lead(loop)
        return await call.stored

    def _lead(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins the next statement, if there is one to begin. No task: who cancels all tasks means his own."""
        while calls := self._take():
            jobs = [call.job for call in calls]
            try:
                work = loop.run_in_executor(None, self._store, jobs, calls[0].until)
            except RuntimeError as error:  # the loop's threads are gone
                _end(calls, [error] * len(calls))
                continue
            work.add_done_callback(partial(self._served, calls))
            return
        self._under_way -= 1

    def _served(self, calls: Sequence[_Call], work: asyncio.Future[Sequence[Outcome]]) -> None:
        _end(calls, _outcomes(work, len(calls)))
        self._lead(work.get_loop())

    def _take(self) -> list[_Call]:
        from pooljobs.db.store.group_commit import MOST_BYTES, MOST_JOBS

        size = 0
        taken: list[_Call] = []
        while self._waiting and len(taken) < MOST_JOBS:
            call = self._waiting[0]
            size += len(call.job.payload)
            if taken and size > MOST_BYTES:
                break
            self._waiting.popleft()
            if not call.stored.done():  # cancelled: nobody waits for it any more
                taken.append(call)
        return taken


def _end(calls: Sequence[_Call], outcomes: Sequence[Outcome | BaseException]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        if call.stored.done():  # cancelled
            continue
        if isinstance(outcome, BaseException):
            call.stored.set_exception(outcome)
        else:
            call.stored.set_result(outcome)


def _outcomes(work: asyncio.Future[Sequence[Outcome]], count: int) -> Sequence[Outcome | BaseException]:
    if work.cancelled():
        return [asyncio.CancelledError()] * count
    error = work.exception()
    return work.result() if error is None else [error] * count


class AsyncGroupCommits:
    """Those of a process, by event loop. One that is idle keeps nothing of its loop, which ends when it ends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._of: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGroupCommit] = WeakKeyDictionary()

    async def insert(self, job: NewJob, until: float) -> UUID:
        """As ``AsyncGroupCommit.insert``, in the running loop's."""
        loop = asyncio.get_running_loop()
        gathering = self._of.get(loop)
        if gathering is None:
            gathering = self._of[loop] = AsyncGroupCommit(self._store)
        return await gathering.insert(job, until)
