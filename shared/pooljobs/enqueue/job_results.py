"""Answers handles: how a job stands, what became of it, several as they end. One for each application.

A job that has ended is found by a look on the connections of the producer. Who waits is told by the hub, which has a
connection of its own for all of them; at the timeout there is a last look.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pooljobs.errors import DatabaseUnreachableError, OptionError, RefusedError
from pooljobs.handler.context import current_job
from pooljobs.job.job_status import JobResult, JobStatus
from pooljobs.job.result_errors import ResultNotReadyError

if TYPE_CHECKING:
    import asyncio
    from uuid import UUID

    from pooljobs.enqueue.lazy_producer import LazyProducer
    from pooljobs.job.handle import JobHandle
    from pooljobs.job.job_status import FoundJob

    Job: TypeAlias = JobHandle[Any]
    Outcome: TypeAlias = tuple[Job, JobResult[Any]]

LONGEST_TIMEOUT: Final = 10 * 365 * 86400
"""Seconds: threads cannot wait longer than some centuries."""


class JobResults:
    """Of the application whose ``outlet`` it is."""

    def __init__(self, outlet: LazyProducer) -> None:
        self._outlet = outlet

    def status(self, job: Job) -> JobStatus:
        """As ``JobHandle.status``."""
        from pooljobs.enqueue.found_outcomes import status_of

        found = self._find([job], self._outlet.wait)
        return status_of(job.id, found[0] if found else None)

    async def status_async(self, job: Job) -> JobStatus:
        """As ``JobHandle.status_async``."""
        return await self._outlet.in_thread(self.status, job)

    def result(self, job: Job, timeout: float | None) -> Any:
        """As ``JobHandle.result``. Most results are there, or are near: it is looked before anything is opened."""
        until, wait = _until(timeout), self._outlet.wait
        ((_, outcome),) = self._look([job], wait if timeout is None else min(wait, timeout))
        if timeout != 0 and isinstance(outcome.error, ResultNotReadyError):
            left = None if until is None else max(0.0, until - time.monotonic())
            ((_, outcome),) = self.as_they_end([job], left)
        return outcome.get()

    async def result_async(self, job: Job, timeout: float | None) -> Any:  # noqa: ASYNC109  # as everywhere
        """As ``JobHandle.result_async``. No look before: thousands of tasks may wait, and the hub looks for all."""
        outcomes = [outcome async for _, outcome in self.as_they_end_async([job], timeout)]
        return outcomes[0].get()

    def as_they_end(self, jobs: Sequence[Job], timeout: float | None) -> Iterator[Outcome]:
        """As ``PoolJobs.results``."""
        from queue import Empty, SimpleQueue

        from pooljobs.enqueue.waits import Waits

        until = _until(timeout)
        known, asked = self._parted(jobs)
        yield from known
        if timeout != 0 and asked:
            ended: SimpleQueue[int] = SimpleQueue()
            waits = Waits(self._outlet.hub, asked, declared=self._outlet.declared, tell=ended.put)
            try:
                with suppress(Empty):
                    while waits.any:
                        yield waits.take(ended.get(timeout=None if until is None else _left(until)))
            finally:
                waits.close()
            asked = waits.left
        yield from self._last_look(asked, timeout)

    async def as_they_end_async(
        self,
        jobs: Sequence[Job],
        timeout: float | None,  # noqa: ASYNC109  # as everywhere
    ) -> AsyncIterator[Outcome]:
        """As ``PoolJobs.results_async``."""
        import asyncio

        until, loop = _until(timeout), asyncio.get_running_loop()
        known, asked = self._parted(jobs)
        for outcome in known:
            yield outcome
        if timeout != 0 and asked:
            from pooljobs.enqueue.waits import Waits

            ended: asyncio.Queue[int] = asyncio.Queue()
            waits = Waits(
                self._outlet.hub, asked, declared=self._outlet.declared, tell=lambda place: _put(loop, ended, place)
            )
            try:
                with suppress(TimeoutError):
                    while waits.any:
                        yield waits.take(await asyncio.wait_for(ended.get(), None if until is None else _left(until)))
            finally:
                waits.close()
            asked = waits.left
        for outcome in await self._outlet.in_thread(self._last_look, asked, timeout):
            yield outcome

    def _parted(self, jobs: Sequence[Job]) -> tuple[list[Outcome], list[Job]]:
        """Those of types that are known to keep no results, and the others."""
        from pooljobs.enqueue.found_outcomes import no_result

        known: list[Outcome] = []
        asked: list[Job] = []
        for job in jobs:
            outcome = no_result(job.id, job.job_type, self._outlet.declared)
            if outcome is None:
                asked.append(job)
            else:
                known.append((job, outcome))
        return known, asked

    def _last_look(self, jobs: Sequence[Job], timeout: float | None) -> list[Outcome]:
        """As of the end of a wait: what keeps the database away then is no other answer than that nothing is ready."""
        try:
            return self._look(jobs, 0.0 if timeout else self._outlet.wait)
        except DatabaseUnreachableError as error:
            if not timeout:
                raise
            told = "the database is away, so that it is not known what became of job"
            return [(job, JobResult(error=_caused(f"{told} {job.id}", job.id, error))) for job in jobs]

    def _look(self, jobs: Sequence[Job], wait: float) -> list[Outcome]:
        """What became of each, as of now; ``ResultNotReadyError`` of those that have not ended."""
        from pooljobs.enqueue.found_outcomes import outcome_of

        known, asked = self._parted(jobs)
        found = {row.id: row for row in self._find(asked, wait)}
        return known + [(job, outcome_of(job.id, found.get(job.id), self._outlet.declared)) for job in asked]

    def _find(self, jobs: Sequence[Job], wait: float) -> list[FoundJob]:
        from pooljobs.db.store.retrying import tried

        if not jobs:
            return []
        ids = [job.id for job in jobs]
        return tried(lambda until: self._outlet.store().find_once(ids, until), wait)


def _caused(told: str, job_id: UUID, cause: Exception) -> ResultNotReadyError:
    error = ResultNotReadyError(told, job_id=job_id)
    error.__cause__ = cause
    return error


def _until(timeout: float | None) -> float | None:
    """The monotonic time at which a wait is over; None for none.

    Raises:
        OptionError: The timeout is none.
        RefusedError: A handler runs here, and would wait.
    """
    if timeout is not None and (type(timeout) not in (int, float) or not 0 <= timeout <= LONGEST_TIMEOUT):
        most = f"{LONGEST_TIMEOUT:,} (ten years)"
        raise OptionError(f"timeout is a number of seconds from 0 to {most}, or None, not {timeout!r:.80}")
    if timeout == 0:
        return None
    if (running := current_job()) is not None:
        raise RefusedError(
            f"a handler does not wait for other jobs: {running.job_type} would keep its worker from them meanwhile",
            hint="enqueue what is to follow from the job itself, or only look: status(), result(timeout=0)",
        )
    return None if timeout is None else time.monotonic() + timeout


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _put(loop: asyncio.AbstractEventLoop, ended: asyncio.Queue[int], place: int) -> None:
    with suppress(RuntimeError):  # the loop was closed, and nobody waits any more
        loop.call_soon_threadsafe(ended.put_nowait, place)
