"""Runs one job's handler and decides, as a value, what becomes of the job. Settling it is somebody else's."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Coroutine, Mapping
from inspect import iscoroutine
from typing import Any, Protocol

from pooljobs.completion import Completion
from pooljobs.context import JobContext, entered
from pooljobs.error_text import clean, describe
from pooljobs.retry import next_delay
from pooljobs.state import StateContainer
from pooljobs.task import Task
from pooljobs.verdict import Settlement, Verdict
from pooljobs_worker.claimed import ClaimedJob
from pooljobs_worker.deadlines import Deadlines
from pooljobs_worker.interrupts import Interrupts, call


class CoroutineRunner(Protocol):
    """Runs an async handler to its end and returns, or raises what it raised."""

    def __call__(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Waits for the coroutine."""


class Dispatcher:
    """Looks the handler up by the job's type, calls it, and judges the result. Keeps nothing between jobs."""

    def __init__(
        self,
        registry: Mapping[str, Task],
        state: StateContainer,
        run_coroutine: CoroutineRunner,
        interrupts: Interrupts,
        deadlines: Deadlines,
        *,
        completing: bytes,
        log: logging.Logger,
    ) -> None:
        self._registry = registry
        self._completing = completing
        self._state = state
        self._run_coroutine = run_coroutine
        self._interrupts = interrupts
        self._deadlines = deadlines
        self._limits = deadlines.by_type
        self._log = log
        self._recursion_limit = sys.getrecursionlimit()

    def dispatch(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """Runs the job. Never raises: whatever the handler raises, ``SystemExit`` too, is that job's failure."""
        with entered(job):  # the log lines of its failure are its own too
            task = self._registry.get(job.job_type)
            if task is None:
                return self._unknown(job)
            if job.unreadable is not None:
                return self._unreadable(job, started_ns)
            limit = self._limits.get(job.job_type) if self._limits else None
            if limit is not None:
                self._deadlines.begin(job, limit, started_ns)
            try:
                args, kwargs = task.binder.bind(job.payload, lambda: self._context(job, started_ns), self._state)
                result = call(task.function, args, kwargs, job)
                if result is not None and iscoroutine(result):  # asked of it: a decorator may hide the async def
                    self._run_coroutine(self._interrupts.guard(result, job))
            except BaseException as error:  # noqa: BLE001  # a job must not end its worker, whatever it raises
                return self._failed(task, job, error, started_ns)
            finally:
                if limit is not None:
                    self._deadlines.end(job)
            if sys.getrecursionlimit() != self._recursion_limit:
                sys.setrecursionlimit(self._recursion_limit)
            return job.settled(Verdict.COMPLETED, started_ns=started_ns)

    def _unreadable(self, job: ClaimedJob, started_ns: int) -> Settlement:
        self._tell(logging.WARNING, "job %s (%s) failed for good: %s", job.id, job.job_type, job.unreadable)
        return job.settled(Verdict.FAILED, error=clean(job.unreadable or ""), started_ns=started_ns)

    def _unknown(self, job: ClaimedJob) -> Settlement:
        error = f"no handler registered for job type: {job.job_type}"
        self._tell(logging.WARNING, "job %s failed for good: %s", job.id, error)
        return job.settled(Verdict.FAILED, error=clean(error))

    def _failed(self, task: Task, job: ClaimedJob, error: BaseException, started_ns: int) -> Settlement:
        sys.setrecursionlimit(self._recursion_limit)  # it takes some depth to describe an error
        if isinstance(error, MemoryError):
            traceback.clear_frames(error.__traceback__)  # and some memory
        text = describe(error, skip_frames=2)
        if self._interrupts.cancelled(job, error):
            self._tell(logging.INFO, "job %s (%s) was cancelled in run %d", job.id, job.job_type, job.attempt)
            return job.settled(Verdict.CANCELLED, error=text, started_ns=started_ns)
        delay = next_delay(task.retry, job.attempt, job.max_retries, job.id)
        self._tell_failure(job, text.partition("\n")[0], delay)
        verdict = Verdict.FAILED if delay is None else Verdict.RETRY
        return job.settled(verdict, error=text, delay=delay, started_ns=started_ns)

    def _tell_failure(self, job: ClaimedJob, headline: str, delay: float | None) -> None:
        run = (
            f"run {job.attempt}" if delay is None else f"run {job.attempt} of {job.max_retries}, again in {delay:.3g} s"
        )
        if delay is None:
            self._tell(logging.WARNING, "job %s (%s) failed for good in %s: %s", job.id, job.job_type, run, headline)
        else:
            self._tell(logging.INFO, "job %s (%s) failed in %s: %s", job.id, job.job_type, run, headline)

    def _tell(self, level: int, message: str, *arguments: object) -> None:
        try:
            self._log.log(level, message, *arguments)
        except Exception:  # noqa: BLE001  # raised by what a handler hung into logging: it decides nothing
            return

    def _context(self, job: ClaimedJob, started_ns: int) -> JobContext:
        job.completion = Completion(
            self._completing, job_id=job.id, fence=job.fence, token=job.token, started_ns=started_ns
        )
        return JobContext(
            id=job.id,
            job_type=job.job_type,
            queue=job.queue,
            attempt=job.attempt,
            max_retries=job.max_retries,
            priority=job.priority,
            trace_id=job.trace_id,
            completion=job.completion,
        )
