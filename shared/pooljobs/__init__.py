"""Background jobs for Python on PostgreSQL alone.

A name is imported when it is first used: commands, and applications that only enqueue, begin without the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pooljobs.application.app import PoolJobs
    from pooljobs.application.task import BoundTask, Task
    from pooljobs.errors import (
        AppLoadError,
        ClaimLostError,
        ConnectionBudgetError,
        DatabaseReadOnlyError,
        DatabaseRefusedError,
        DatabaseUnreachableError,
        DatabaseUnsupportedError,
        DeclarationError,
        EmbeddedError,
        NotFoundError,
        NotMigratedError,
        OptionError,
        PayloadError,
        PoolJobsError,
        RefusedError,
    )
    from pooljobs.exit_codes import ExitCode
    from pooljobs.handler.context import JobContext, current_job, current_trace_id
    from pooljobs.handler.injected import injected
    from pooljobs.handler.interrupts import JobCancelled, JobInterrupt, TimeLimitExceeded
    from pooljobs.handler.outcomes import Discard, Fail, JobOutcome, Retry, Snooze
    from pooljobs.handler.state import State
    from pooljobs.job.cancellation import Cancellation
    from pooljobs.job.handle import JobExistsError, JobHandle, JobHandles
    from pooljobs.job.job_progress import JobProgress
    from pooljobs.job.job_status import JobResult, JobStatus
    from pooljobs.job.result_errors import (
        JobCancelledError,
        JobFailedError,
        NoResultError,
        ResultError,
        ResultNotReadyError,
        UnknownJobError,
    )
    from pooljobs.job.retry import RetryPolicy
    from pooljobs.job.time_limit import TimeLimit
    from pooljobs.job.unique import Debounce, Unique

    __version__: str

__all__ = [
    "AppLoadError",
    "BoundTask",
    "Cancellation",
    "ClaimLostError",
    "ConnectionBudgetError",
    "DatabaseReadOnlyError",
    "DatabaseRefusedError",
    "DatabaseUnreachableError",
    "DatabaseUnsupportedError",
    "Debounce",
    "DeclarationError",
    "Discard",
    "EmbeddedError",
    "ExitCode",
    "Fail",
    "JobCancelled",
    "JobCancelledError",
    "JobContext",
    "JobExistsError",
    "JobFailedError",
    "JobHandle",
    "JobHandles",
    "JobInterrupt",
    "JobOutcome",
    "JobProgress",
    "JobResult",
    "JobStatus",
    "NoResultError",
    "NotFoundError",
    "NotMigratedError",
    "OptionError",
    "PayloadError",
    "PoolJobs",
    "PoolJobsError",
    "RefusedError",
    "ResultError",
    "ResultNotReadyError",
    "Retry",
    "RetryPolicy",
    "Snooze",
    "State",
    "Task",
    "TimeLimit",
    "TimeLimitExceeded",
    "Unique",
    "UnknownJobError",
    "__version__",
    "current_job",
    "current_trace_id",
    "injected",
]

_HOMES: Final = {
    "application.app": ("PoolJobs",),
    "application.task": ("BoundTask", "Task"),
    "errors": (
        "AppLoadError",
        "ClaimLostError",
        "ConnectionBudgetError",
        "DatabaseReadOnlyError",
        "DatabaseRefusedError",
        "DatabaseUnreachableError",
        "DatabaseUnsupportedError",
        "DeclarationError",
        "EmbeddedError",
        "NotFoundError",
        "NotMigratedError",
        "OptionError",
        "PayloadError",
        "PoolJobsError",
        "RefusedError",
    ),
    "exit_codes": ("ExitCode",),
    "handler.context": ("JobContext", "current_job", "current_trace_id"),
    "handler.injected": ("injected",),
    "handler.interrupts": ("JobCancelled", "JobInterrupt", "TimeLimitExceeded"),
    "handler.outcomes": ("Discard", "Fail", "JobOutcome", "Retry", "Snooze"),
    "handler.state": ("State",),
    "job.cancellation": ("Cancellation",),
    "job.handle": ("JobExistsError", "JobHandle", "JobHandles"),
    "job.job_progress": ("JobProgress",),
    "job.job_status": ("JobResult", "JobStatus"),
    "job.result_errors": (
        "JobCancelledError",
        "JobFailedError",
        "NoResultError",
        "ResultError",
        "ResultNotReadyError",
        "UnknownJobError",
    ),
    "job.retry": ("RetryPolicy",),
    "job.time_limit": ("TimeLimit",),
    "job.unique": ("Debounce", "Unique"),
}
"""Where each of these names is defined."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and would take any name from this

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            value = version("pooljobs")
        elif home := next((home for home, names in _HOMES.items() if name in names), None):
            value = getattr(import_module(f"{__name__}.{home}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
