"""Jobs of a worker that are claimed and have not begun."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable

from pooljobs_worker.claims.claimed_job import ClaimedJob


class UnstartedJobs:
    """What begins is taken off its head, what is given back off its tail, perhaps by another thread at the same time.

    Both are atomic, so that each job goes to one of them and no lock is needed in between.

    Attributes:
        taken_ns: When its last batch was claimed; monotonic, as ``begun_ns``.
        begun_ns: When a job last began.
    """

    __slots__ = ("begun_ns", "jobs", "taken_ns")

    def __init__(self) -> None:
        self.jobs: deque[ClaimedJob] = deque()
        self.taken_ns = 0
        self.begun_ns = 0

    def take(self, jobs: Iterable[ClaimedJob], now_ns: int) -> None:
        """Adds a batch; the times first, or it could be taken for one that has waited."""
        self.taken_ns = self.begun_ns = now_ns
        self.jobs.extend(jobs)

    def begin(self) -> ClaimedJob | None:
        """Takes out the first one, if any is left."""
        try:
            job = self.jobs.popleft()
        except IndexError:
            return None
        self.begun_ns = time.monotonic_ns()
        return job

    def waiting(self) -> tuple[ClaimedJob, ...]:
        """All that have not begun, in order; some may begin at any moment."""
        return tuple(self.jobs)  # in one step: whoever takes one out does so before or after

    def empty(self) -> list[ClaimedJob]:
        """Takes out all that have not begun."""
        taken: list[ClaimedJob] = []
        while self.jobs:
            try:
                taken.append(self.jobs.pop())
            except IndexError:  # it has just begun
                break
        return taken
