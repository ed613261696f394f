"""What is raised in a handler that is to stop: at its soft time limit, or because its job was cancelled.

They derive from ``BaseException``, so that an ``except Exception`` in a handler's loop does not swallow them. A handler
may catch them by name, clean up, and raise again; if it returns instead, its job is completed.
"""

from __future__ import annotations

from uuid import UUID


class JobInterrupt(BaseException):
    """Base of what is raised in a handler from outside.

    Attributes:
        job_id: The job that is meant.
    """

    def __init__(self, job_id: UUID, *details: object) -> None:
        super().__init__(job_id, *details)
        self.job_id = job_id

    def __str__(self) -> str:
        return f"job {self.job_id} was interrupted"


class TimeLimitExceeded(JobInterrupt):
    """The soft time limit of the handler has passed. Where it is not caught, the run has failed.

    Attributes:
        limit: Seconds.
    """

    def __init__(self, job_id: UUID, limit: float) -> None:
        super().__init__(job_id, limit)
        self.limit = limit

    def __str__(self) -> str:
        return f"time limit of {self.limit:g} s exceeded"


class JobCancelled(JobInterrupt):
    """Somebody has cancelled the job. Where it is not caught, the job has the status ``cancelled``.

    A handler that has caught it may raise another in its place, to say how far it came.

    Args:
        job_id: The job that is meant.
        why: Told in ``last_error``.
    """

    def __init__(self, job_id: UUID, why: str = "") -> None:
        super().__init__(job_id, why)
        self.why = why

    def __str__(self) -> str:
        return f"the job was cancelled while it ran{f': {self.why}' if self.why else ''}"
