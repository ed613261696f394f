"""Runs jobs as tasks of one event loop, each in a fresh copy of the worker's context. Used by the threaded crew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from typing import Any

from pooljobs_worker.claims.claimed import ClaimedJob
from pooljobs_worker.crew.coroutines import BackgroundLoop


class JobTasks:
    """The async handlers under way.

    Attributes:
        running: The task of each, by its job's entry on the scoreboard. Changed on the loop's thread only.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        run: Callable[[ClaimedJob], Coroutine[Any, Any, None]],
        fresh_context: Callable[[], Context],
    ) -> None:
        """``run`` runs a job to its settlement, and raises nothing; it is called in a context made for it alone."""
        self._loop = loop
        self._run = run
        self._fresh_context = fresh_context
        self.running: dict[int, asyncio.Task[None]] = {}

    def start(self, jobs: Sequence[ClaimedJob]) -> None:
        """Starts them; any thread."""
        self._loop.call(self._start, jobs)

    def _start(self, jobs: Sequence[ClaimedJob]) -> None:
        for job in jobs:
            task = self._loop.create_task(self._live(job), self._fresh_context())
            self.running[job.entry] = task
            task.add_done_callback(partial(self._done, job))

    async def _live(self, job: ClaimedJob) -> None:
        entry, task = job.entry, self.running[job.entry]
        try:
            await self._run(job)
        finally:
            if self.running.get(entry) is task:  # its successor in that entry may have begun
                del self.running[entry]

    def _done(self, job: ClaimedJob, task: asyncio.Task[None]) -> None:
        """A task that was cancelled before its first step, by a neighbour perhaps, has run nothing: it is still due."""
        if self.running.get(job.entry) is task:
            self._start([job])
