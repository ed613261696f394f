"""Jobs that the steward has failed: a crash too many, a hard limit, lost hosts, an unknown type. Each has a line.

Of those that one statement fails, for the first hundred; of an unknown type, which may be that of thousands, for one.
The number of all is told beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pooljobs.logs.job_log import JobEvent, JobLog


@dataclass(frozen=True, slots=True)
class FailedJob:
    """What is told of one. ``attempt``: the number of the run that failed, or that there would have been."""

    id: UUID
    job_type: str
    queue: str
    attempt: int
    max_retries: int
    trace_id: str | None
    error: str

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]] | None) -> list[FailedJob]:
        """From the objects that ``release_dead.sql`` and ``fail_unknown.sql`` return."""
        return [cls(**{**row, "id": UUID(row["id"])}) for row in rows or ()]


def tell_failed(job_log: JobLog, job: FailedJob, started_ns: int = 0) -> None:
    """One line: the first of its error. What follows there is where its handler was, if that is known."""
    headline, _, stack = job.error.partition("\n\n")
    told = "job %s (%s) failed for good: %s"
    job_log.tell(
        JobEvent.FAILED, job, told, job.id, job.job_type, headline, started_ns=started_ns, stack=stack.strip() or None
    )
