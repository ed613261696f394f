"""Background jobs for Python on PostgreSQL alone."""

from __future__ import annotations

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import BoundTask, Task, TypedTask
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
)
from pooljobs.exit_codes import ExitCode
from pooljobs.handler.context import JobContext, current_job, current_trace_id
from pooljobs.handler.interrupts import JobCancelled, JobInterrupt, TimeLimitExceeded
from pooljobs.handler.state import State
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.handle import JobHandle, JobHandles
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.time_limit import TimeLimit

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
    "DeclarationError",
    "EmbeddedError",
    "ExitCode",
    "JobCancelled",
    "JobContext",
    "JobHandle",
    "JobHandles",
    "JobInterrupt",
    "NotFoundError",
    "NotMigratedError",
    "OptionError",
    "PayloadError",
    "PoolJobs",
    "PoolJobsError",
    "RetryPolicy",
    "State",
    "Task",
    "TimeLimit",
    "TimeLimitExceeded",
    "TypedTask",
    "__version__",
    "current_job",
    "current_trace_id",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("pooljobs")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
