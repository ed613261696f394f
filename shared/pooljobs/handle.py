"""What enqueueing returns: enough to find the job again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class JobHandle:
    """An enqueued job.

    Attributes:
        id: The job's id, a UUIDv7.
        job_type: Name of the handler that will run it.
        queue: Queue that it was put in.
    """

    id: UUID
    job_type: str
    queue: str
