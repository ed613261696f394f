"""What enqueueing returns: enough to find the job again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload
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


class JobHandles(Sequence[JobHandle]):
    """Handles of jobs that were enqueued together, in the order of the enqueueing: each is made when it is asked for.

    Attributes:
        ids: The jobs' ids alone.
        job_type: As of each handle.
        queue: As of each handle.
    """

    __slots__ = ("ids", "job_type", "queue")

    def __init__(self, ids: Sequence[UUID], job_type: str, queue: str) -> None:
        self.ids = ids
        self.job_type = job_type
        self.queue = queue

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<{len(self)} JobHandles of {self.job_type} in queue {self.queue}>"

    @overload
    def __getitem__(self, index: int) -> JobHandle: ...
    @overload
    def __getitem__(self, index: slice) -> JobHandles: ...
    def __getitem__(self, index: int | slice) -> JobHandle | JobHandles:
        if isinstance(index, slice):
            return JobHandles(self.ids[index], self.job_type, self.queue)
        return JobHandle(self.ids[index], self.job_type, self.queue)
