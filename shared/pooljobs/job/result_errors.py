"""Why there is no result: what a job's handle raises, each a value that knows its job. Nothing that a handler raised is
made again: only its text was stored.
"""

from __future__ import annotations

from uuid import UUID

from pooljobs.errors import NotFoundError, PoolJobsError
from pooljobs.exit_codes import ExitCode


class ResultError(PoolJobsError):
    """Base of the errors by which a job's handle says that there is no result.

    Attributes:
        job_id: The job's id.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, hint: str | None = None, job_id: UUID | None = None) -> None:
        super().__init__(message, hint=hint)
        self.job_id = job_id


class JobFailedError(ResultError):
    """The job has failed for good.

    Attributes:
        attempts: Its runs.
        last_error: All that was kept of the last error, with the traceback.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        job_id: UUID | None = None,
        attempts: int = 0,
        last_error: str = "",
    ) -> None:
        super().__init__(message, hint=hint, job_id=job_id)
        self.attempts = attempts
        self.last_error = last_error


class JobCancelledError(ResultError):
    """The job was cancelled, or discarded by its handler."""


class ResultNotReadyError(ResultError, TimeoutError):
    """The job has not ended within the timeout. It goes on; ask again."""


class NoResultError(ResultError):
    """The job was completed, and nothing that it returned was kept; or its type keeps nothing, so that none will be."""


class UnknownJobError(ResultError, NotFoundError):
    """There is no such job: there never was, its transaction is not committed, or retention took it."""

    exit_code = ExitCode.NOT_FOUND
