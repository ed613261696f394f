"""What the ``JobContext`` of each run needs of its worker."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pooljobs.job.job_progress import JobProgress
from pooljobs_worker.claims.claimed_job import ClaimedJob


class TakesProgress(Protocol):
    """Stores how far a job is, or has it stored; returns at once."""

    def __call__(self, job: ClaimedJob, report: JobProgress, /) -> None:
        """Any thread."""


def forget_progress(_job: ClaimedJob, _report: JobProgress) -> None:
    """For runs that nobody watches."""


class ContextServices(NamedTuple):
    """Of one worker.

    Attributes:
        completing: The statement that ``JobContext.complete_with`` runs.
        progress: Takes what ``JobContext.progress`` is told.
    """

    completing: bytes
    progress: TakesProgress = forget_progress
