"""The ``JobContext`` of a run in a worker: it costs next to nothing until somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pooljobs.handler.completion import Completion
from pooljobs.handler.context import JobContext
from pooljobs.handler.progress import checked_report

if TYPE_CHECKING:
    from pooljobs.application.task import Task
    from pooljobs_worker.claims.claimed_job import ClaimedJob
    from pooljobs_worker.dispatch.context_services import ContextServices


class LazyContext(JobContext):
    """A job that runs here. Made by ``lazy_context``; a copy with other values is a plain ``JobContext``."""

    __slots__ = ("_run",)
    __qualname__ = "JobContext"

    _run: tuple[ClaimedJob, Task, int, ContextServices]

    def __new__(cls, *args: Any, **fields: Any) -> JobContext:  # type: ignore[misc]  # see the class
        """For ``dataclasses.replace``."""
        return JobContext(*args, **fields)

    def __reduce__(self) -> tuple[Callable[..., JobContext], tuple[object, ...]]:
        """What is sent elsewhere can complete nothing there."""
        fields = (self.id, self.job_type, self.queue, self.attempt, self.max_retries, self.priority, self.trace_id)
        return partial(JobContext, tags=self.tags, meta=self.meta), fields

    @property
    def id(self) -> UUID:
        """As of any."""
        return self._run[0].id

    @property
    def job_type(self) -> str:
        """As of any."""
        return self._run[0].job_type

    @property
    def queue(self) -> str:
        """As of any."""
        return self._run[0].queue

    @property
    def attempt(self) -> int:
        """As of any."""
        return self._run[0].attempt

    @property
    def max_retries(self) -> int:
        """As of any."""
        job, task, _, _ = self._run
        return task.retry.most_runs(job.max_retries)

    @property
    def priority(self) -> int:
        """As of any."""
        return self._run[0].priority

    @property
    def trace_id(self) -> str | None:
        """As of any."""
        return self._run[0].trace_id

    @property
    def tags(self) -> tuple[str, ...]:
        """As of any."""
        labels = self._run[0].labels
        return () if labels is None else labels.read_tags()

    @property
    def meta(self) -> dict[str, Any]:
        """As of any; another dict each time.

        Raises:
            PayloadError: It is nested too deeply to be read.
        """
        labels = self._run[0].labels
        return {} if labels is None else labels.read_meta()

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """As of any."""
        job, _, _, services = self._run
        services.progress(job, checked_report(done, total, note))

    @property
    def completion(self) -> Completion:
        """Made when it is first asked for, and left with the job: its settlement is to know whether it was used."""
        job, _, started_ns, services = self._run
        if job.completion is None:
            job.completion = Completion(
                services.completing, job_id=job.id, fence=job.fence, token=job.token, started_ns=started_ns
            )
        return job.completion


_set_run: Final = LazyContext.__dict__["_run"].__set__
"""Past the frozen class's own way, which takes five times as long."""


def lazy_context(job: ClaimedJob, task: Task, started_ns: int, services: ContextServices) -> JobContext:
    """The context of one run."""
    context: JobContext = object.__new__(LazyContext)
    _set_run(context, (job, task, started_ns, services))
    return context
