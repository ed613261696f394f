"""Threads that store a job each at the same time: those who come while statements are under way share the next one.

Who comes first leads: stores his own job and those of all who wait by then, then hands the lead to the first who came
meanwhile. Two lead at a time, so that one statement that takes long holds up nobody; with more of them fewer would
share, and that costs more than it gains (sixteen threads: with four, two thirds of what they store with two).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from threading import Lock
from typing import Final
from uuid import UUID

from pooljobs.db.ids import JobIds
from pooljobs.errors import DatabaseUnreachableError
from pooljobs.job.new_job import NewJob

MOST_LEADING: Final = 2
"""Statements at a time, as far as there are connections."""

MOST_JOBS: Final = 500
MOST_BYTES: Final = 4 << 20
"""Jobs, and bytes of payloads, that share a statement."""

Outcome = UUID | Exception


class Call:
    """One caller's job, and what became of it."""

    __slots__ = ("_turn", "job", "leads", "outcome")

    def __init__(self, job: NewJob) -> None:
        self.job = job
        self.outcome: Outcome | None = None
        self.leads = False
        self._turn = Lock()
        self._turn.acquire()

    def wait(self, until: float | None = None) -> bool:
        """Until it has an outcome or the lead, or that monotonic time; whether it has one."""
        return self._turn.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic()))

    def end(self, outcome: Outcome) -> None:
        """This became of it."""
        self.outcome = outcome
        self._turn.release()

    def inherit(self) -> None:
        """It leads."""
        self.leads = True
        self._turn.release()


class GroupCommit:
    """At most ``MOST_LEADING`` lead at a time.

    Args:
        connections: As many as there may be.
        store: Gives the call, and those that it takes by ``take``, an outcome each, or raises. It is told the monotonic
            time until which it may wait for the connection.
        gave_up: What to raise where the wait for others was in vain.
    """

    def __init__(
        self, connections: int, store: Callable[[Call, float], None], gave_up: Callable[[], Exception]
    ) -> None:
        self._most = min(connections, MOST_LEADING)
        self._store = store
        self._gave_up = gave_up
        self._lock = Lock()
        self._leading = 0
        self._waiting: deque[Call] = deque()

    def insert(self, job: NewJob, until: float) -> UUID:
        """The id of the job once it is stored; ``until``: monotonic time until which to wait for a connection."""
        call = Call(job)
        try:
            if self._joins(call):
                self._await_turn(call, until)
            if call.outcome is None:
                self._store(call, until)
        finally:
            if call.leads:
                self._hand_on()
        if isinstance(call.outcome, Exception):
            raise call.outcome
        assert call.outcome is not None
        return call.outcome

    def take(self, beside: Call) -> list[Call]:
        """The calls that wait, as many as go together with this one."""
        size = len(beside.job.payload)
        taken: list[Call] = []
        with self._lock:
            while self._waiting and len(taken) < MOST_JOBS - 1:
                size += len(self._waiting[0].job.payload)
                if size > MOST_BYTES:
                    break
                taken.append(self._waiting.popleft())
        return taken

    def _joins(self, call: Call) -> bool:
        """Whether it has to wait; else it leads."""
        with self._lock:
            if self._leading < self._most:
                call.leads = True
                self._leading += 1
                return False
            self._waiting.append(call)
            return True

    def _await_turn(self, call: Call, until: float) -> None:
        try:
            if call.wait(until):
                return
        except BaseException:  # an interrupt
            self._withdraws(call)
            raise
        if self._withdraws(call):
            raise self._gave_up()
        call.wait()  # it is being stored, or leads

    def _withdraws(self, call: Call) -> bool:
        """Takes it back if nobody has taken it yet."""
        with self._lock:
            if call in self._waiting:
                self._waiting.remove(call)
                return True
            return False

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().inherit()
            else:
                self._leading -= 1


@contextmanager
def ended(calls: Sequence[Call], ids: JobIds) -> Iterator[list[Outcome]]:
    """Ends the calls with the outcomes that the block appends: with an error, if it is interrupted before it knows."""
    outcomes: list[Outcome] = []
    try:
        yield outcomes
    finally:
        for call, job_id, outcome in zip_longest(calls, ids, outcomes):
            call.end(_interrupted(job_id) if outcome is None else outcome)


def _interrupted(job_id: UUID) -> DatabaseUnreachableError:
    return DatabaseUnreachableError(
        f"the thread that stored this job, with others', was interrupted: it may have been, with the id {job_id}",
        hint=f"look before you enqueue it again: pooljobs jobs show {job_id}",
        job_ids=[job_id],
    )
