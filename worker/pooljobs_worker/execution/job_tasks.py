"""Runs jobs as tasks of one event loop, each in a fresh copy of the worker's context. Used by the concurrent executor.

Each has a task of its own, however short it is: what a handler kept of its task, to cancel it later or to find
something by it, must mean that job and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any

from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.coroutines import BackgroundLoop


class JobTasks:
    """The async handlers under way.

    Attributes:
        running: Each job with its task, by its entry on the scoreboard. Changed on the loop's thread only.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        run: Callable[[ClaimedJob], Coroutine[Any, Any, None]],
        fresh_context: Callable[[], Context],
    ) -> None:
        """``run`` runs a job to its end, calls ``ended`` then, and raises nothing; in a context made for it alone."""
        self._loop = loop
        self._create_task = loop.create_task
        self._run = run
        self._fresh_context = fresh_context
        self.running: dict[int, tuple[ClaimedJob, asyncio.Task[None]]] = {}

    def start(self, jobs: Sequence[ClaimedJob]) -> None:
        """Starts them; any thread."""
        self._loop.call(self._start, jobs)

    def follow(self, job: ClaimedJob) -> None:
        """Starts one; on the loop's thread only."""
        task = self._create_task(self._run(job), self._fresh_context())
        if not task.done():  # as it may be where a handler has made the loop's tasks eager
            self.running[job.entry] = (job, task)

    def ended(self, job: ClaimedJob) -> None:
        """A job has ended: from here on its entry may be another's. From within its task."""
        self.running.pop(job.entry, None)

    def look(self) -> None:
        """Begins again what was cancelled before its first step, by a neighbour perhaps: nothing of it has run, and it
        is still due. Called now and then, from any thread, since nothing tells of it at less than a call for each job.
        """
        if self.running:
            self._loop.call(self._begin_again)

    def _start(self, jobs: Sequence[ClaimedJob]) -> None:
        for job in jobs:
            self.follow(job)

    def _begin_again(self) -> None:
        for job, task in tuple(self.running.values()):
            if task.cancelled():
                self.follow(job)
