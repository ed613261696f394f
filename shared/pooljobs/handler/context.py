"""What a handler can know about the job it runs: ``JobContext`` where it asks for one, the trace id everywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol, overload
from uuid import UUID

from pooljobs.handler.progress import checked_report
from pooljobs.job.schedule_rule import tick_of

if TYPE_CHECKING:
    import logging

    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.handler.completion import Completion


class CurrentJob(Protocol):
    """What is known everywhere of the job that runs here; log lines carry it."""

    @property
    def id(self) -> UUID:
        """The job's id."""

    @property
    def job_type(self) -> str:
        """Name under which the handler is registered."""

    @property
    def trace_id(self) -> str | None:
        """The enqueuer's trace id."""


_CURRENT: Final[ContextVar[CurrentJob | None]] = ContextVar("pooljobs_current_job", default=None)


@dataclass(frozen=True, slots=True)
class JobContext:
    """The job being run. Injected where a handler's parameter is annotated ``JobContext``.

    Attributes:
        id: The job's id.
        job_type: Name under which the handler is registered.
        queue: Queue that the job came from.
        attempt: Number of this run, 1 for the first.
        max_retries: Total number of runs that the job may have; 1 where its handler is never retried.
        priority: -4 to 4, smaller first.
        trace_id: The enqueuer's trace id, or None.
        completion: What ``complete_with`` uses; None outside a worker.
        tags: What the enqueuer has tagged it with.
        meta: What else the enqueuer said of it.
    """

    id: UUID
    job_type: str
    queue: str
    attempt: int
    max_retries: int
    priority: int = 0
    trace_id: str | None = None
    completion: Completion | None = field(default=None, repr=False, compare=False)
    tags: tuple[str, ...] = field(default=(), kw_only=True)
    meta: Mapping[str, Any] = field(default_factory=dict, kw_only=True, hash=False)

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger named after the job type, whose records carry ``job_id``, ``attempt`` and ``trace_id``."""
        import logging

        extra: dict[str, Any] = {"job_id": str(self.id), "attempt": self.attempt, "trace_id": self.trace_id}
        return logging.LoggerAdapter(logging.getLogger(f"pooljobs.job.{self.job_type}"), extra)

    @overload
    def complete_with(self, connection: SyncCaller) -> None: ...
    @overload
    def complete_with(self, connection: AsyncCaller) -> Awaitable[None]: ...
    def complete_with(self, connection: SyncCaller | AsyncCaller) -> Awaitable[None] | None:
        """Complete this job in the connection's transaction: it and what the handler wrote there commit together.

        The effects then happen exactly once: where the transaction commits the job is done, whatever becomes of the
        worker, and where it does not the job runs again. Await it for an asynchronous connection. The connection, or
        session, is one of those that ``Task.enqueue_with`` takes.

        Raises:
            OptionError: ``connection`` is none of them.
            ClaimLostError: The job runs elsewhere by now; let it pass, so that the transaction rolls back.
            RuntimeError: This context was not made by a worker.
        """
        if self.completion is None:
            raise RuntimeError("only a worker can complete a job: this JobContext was made by hand")
        return self.completion.on(connection)

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Say how far this run is: ``pooljobs jobs list`` and ``jobs show`` show it, and the column ``progress`` of the
        view ``jobs``.

        Returns at once, from any thread or task of the run: call it as often as is convenient. The newest of each job
        is stored, once a second at most for all jobs of the worker, and is gone when the run ends. Does nothing
        outside a worker.

        Args:
            done: How much is done, in units of your own; from 0 on.
            total: How much there is to do, if that is known.
            note: What is being done, in a few words; of more than 200 characters the rest is left out.

        Raises:
            OptionError: A number is none, or below 0; or the note is no text.
        """
        checked_report(done, total, note)

    @property
    def fence(self) -> int:
        """A number that grows with each claim of this job; 0 outside a worker.

        Where it is handed on with a write, the other side can refuse what comes from a run that was overtaken.
        """
        return 0 if self.completion is None else self.completion.fence

    @property
    def tick(self) -> datetime | None:
        """The time for which a schedule has enqueued this job, in UTC, however late it runs; None for another job.

        It stands in the trace id, so that jobs which this one enqueues know it too.
        """
        return tick_of(self.trace_id)

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure of this run is final."""
        return self.attempt >= self.max_retries


enter: Final[Callable[[CurrentJob | None], object]] = _CURRENT.set
"""Makes a job the current one in this context. The worker does so before each handler, in a context of the run's own:
``with entered(job)`` would cost each job five times as much."""


@contextmanager
def entered(job: CurrentJob) -> Iterator[CurrentJob]:
    """Makes a job the current one in this thread or task, for a block."""
    before = _CURRENT.set(job)
    try:
        yield job
    finally:
        _CURRENT.reset(before)


def current_job() -> CurrentJob | None:
    """The job that runs in this thread or task, or None."""
    return _CURRENT.get()


def current_trace_id() -> str | None:
    """Trace id of the job that runs here, or None. Jobs enqueued from a handler inherit it."""
    job = _CURRENT.get()
    return None if job is None else job.trace_id
