"""Background jobs for Python on PostgreSQL alone."""

from __future__ import annotations

from pooljobs.app import PoolJobs
from pooljobs.cancellation import Cancellation
from pooljobs.context import JobContext, current_job, current_trace_id
from pooljobs.errors import (
    AppLoadError,
    ClaimLostError,
    ConnectionBudgetError,
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
from pooljobs.handle import JobHandle, JobHandles
from pooljobs.interrupts import JobCancelled, JobInterrupt, TimeLimitExceeded
from pooljobs.retry import RetryPolicy
from pooljobs.state import State
from pooljobs.task import BoundTask, Task, TypedTask
from pooljobs.time_limit import TimeLimit

__all__ = [
    "AppLoadError",
    "BoundTask",
    "Cancellation",
    "ClaimLostError",
    "ConnectionBudgetError",
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
