"""The books of an executor that runs several jobs at a time: what waits, how many run, and what begins next.

A job is outstanding from its claim until it has ended or was given back. One that may begin waits in the backlog until
a place is free; a suspect waits in ``isolation.py`` until nothing else is outstanding there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.backlog import UnstartedJobs
from pooljobs_worker.execution.isolation import SuspectIsolation


class Capacity:
    """As many as the concurrency. Any thread: what moves is moved under one lock, the counts are read without it.

    Attributes:
        backlog: Jobs that begin as soon as there is a place for them.
        outstanding: Jobs that were taken and have neither ended nor been given back.
        ended: Jobs that have ended, of all that were taken.
        emptied: When the last outstanding one had ended or was given back, by the monotonic clock.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self.backlog = UnstartedJobs()
        self.outstanding = 0
        self.ended = 0
        self.emptied = 0.0
        self._running = 0
        self._isolation = SuspectIsolation()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    @property
    def closed(self) -> bool:
        """Whether nothing new should be claimed: a suspect waits to be alone, or is."""
        return self._isolation.closed

    @property
    def vacant(self) -> bool:
        """Whether a job waits that could begin."""
        return bool(self.backlog.jobs) and self._running < self._concurrency

    def take(self, jobs: Sequence[ClaimedJob], now_ns: int) -> None:
        """Takes a claimed batch in. Of suspects only one may come into the backlog, when it is to be alone."""
        with self._lock:
            self.outstanding += len(jobs)
            self.backlog.take(self._isolation.take(jobs, now_ns / 1e9), now_ns)

    def next(self) -> ClaimedJob | None:
        """The job to begin now, if one waits and a place is free."""
        with self._lock:
            job = self.backlog.begin() if self._running < self._concurrency else None
            if job is not None:
                self._running += 1
            return job

    def leave(self, job: ClaimedJob) -> ClaimedJob | None:
        """A job has ended, and its settlement is on its way; the one that begins in its place, if any waits."""
        with self._lock:
            self.ended += 1
            self._gone((job,))
            successor = self.backlog.begin()
            if successor is None:
                self._running -= 1
            return successor

    def given_back(self, jobs: Sequence[ClaimedJob]) -> None:
        """Jobs of the backlog did not begin, and their settlements are on their way."""
        with self._lock:
            self._gone(jobs)

    def suspects_to_give_back(self, *, at_once: bool) -> tuple[Sequence[ClaimedJob], float]:
        """Suspects that waited too long to be alone, and the seconds that they are to stay away.

        They are outstanding until ``suspects_left``.
        """
        with self._lock:
            return self._isolation.give_back(time.monotonic(), at_once=at_once)

    @property
    def suspects(self) -> tuple[ClaimedJob, ...]:
        """Those that wait to be alone."""
        with self._lock:
            return self._isolation.suspects

    def suspects_left(self, count: int) -> None:
        """The settlements of so many suspects are on their way."""
        with self._lock:
            self._less(count)

    def wait_until_empty(self) -> None:
        """Returns when nothing is outstanding."""
        with self._changed:
            self._changed.wait_for(lambda: self.outstanding == 0)

    def _gone(self, jobs: Sequence[ClaimedJob]) -> None:
        now_ns = time.monotonic_ns()
        for job in jobs:
            if begin := self._isolation.ended(job, now_ns / 1e9):
                self.backlog.take(begin, now_ns)
        self._less(len(jobs))

    def _less(self, count: int) -> None:
        self.outstanding -= count
        if self.outstanding == 0:
            self.emptied = time.monotonic()
            self._changed.notify_all()
