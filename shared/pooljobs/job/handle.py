"""What enqueueing returns: enough to find the job again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, overload
from uuid import UUID

from pooljobs.errors import PoolJobsError
from pooljobs.exit_codes import ExitCode

Outcome: TypeAlias = Literal["new", "kept", "replaced"]
"""What an enqueue found: nothing of its key, so that the job is new; or one that it kept, or changed."""

_OF_LETTER: Final[dict[str, Outcome]] = {"n": "new", "k": "kept", "r": "replaced"}


@dataclass(frozen=True, slots=True)
class JobHandle:
    """An enqueued job.

    Attributes:
        id: The job's id, a UUIDv7.
        job_type: Name of the handler that will run it.
        queue: Queue that it was put in; of a job that was kept, the one that this would have been put in.
        outcome: ``new``, or of a unique job whose key was held ``kept`` or ``replaced``: then ``id`` is that job's.
    """

    id: UUID
    job_type: str
    queue: str
    outcome: Outcome = "new"


class JobHandles(Sequence[JobHandle]):
    """Handles of jobs that were enqueued together, in the order of the enqueueing: each is made when it is asked for.

    Attributes:
        ids: The jobs' ids alone.
        job_type: As of each handle.
        queue: As of each handle.
    """

    __slots__ = ("_letters", "ids", "job_type", "queue")

    def __init__(self, ids: Sequence[UUID], job_type: str, queue: str, letters: str | None = None) -> None:
        """``letters``: the first one of each outcome; None: all are new."""
        self.ids = ids
        self.job_type = job_type
        self.queue = queue
        self._letters = letters

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """That of each handle."""
        return [_OF_LETTER[letter] for letter in self._letters or "n" * len(self)]

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
            letters = None if self._letters is None else self._letters[index]
            return JobHandles(self.ids[index], self.job_type, self.queue, letters)
        outcome: Outcome = "new" if self._letters is None else _OF_LETTER[self._letters[index]]
        return JobHandle(self.ids[index], self.job_type, self.queue, outcome)


class JobExistsError(PoolJobsError):
    """A unique job was enqueued with ``on_conflict="raise"`` while its key was held. Nothing was stored.

    Attributes:
        existing: The handle of the job that holds it.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, hint: str | None = None, existing: JobHandle) -> None:
        super().__init__(message, hint=hint)
        self.existing = existing
