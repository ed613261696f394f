"""What is known of a job, and what became of it, as values: what its handle tells. Loaded when one is asked."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Final, Generic, NamedTuple, cast
from uuid import UUID

from pooljobs.job.job_progress import JobProgress
from pooljobs.job.value_type import V_co

ENDED: Final = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a job stood when it was read.

    Attributes:
        state: ``pending``, ``running``, ``completed``, ``failed`` or ``cancelled``.
        attempts: Runs that have begun.
        error: The first line of its last error, or None.
        finished_at: When it ended, an aware datetime; None while it has not.
        job_type: Name of its handler.
        progress: How far it is, where it runs and its handler has said so (``JobContext.progress``).
    """

    state: str
    attempts: int
    _: KW_ONLY
    error: str | None
    finished_at: datetime | None
    job_type: str
    progress: JobProgress | None = None

    @property
    def ended(self) -> bool:
        """Whether it will not run any more, unless somebody has it run again."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobResult(Generic[V_co]):
    """What became of a job: ``value`` is what its handler returned, unless there is an ``error``."""

    value: V_co | None = None
    error: Exception | None = None

    def get(self) -> V_co:
        """The value.

        Raises:
            Exception: ``error``, if there is one.
        """
        if self.error is not None:
            raise self.error
        return cast("V_co", self.value)  # None is one, of a handler that returns it


class FoundJob(NamedTuple):
    """A row of ``read_results.sql``: ``error`` is the whole last error, ``result`` and ``progress`` are JSON, ``note``
    says why there is no result.
    """

    id: UUID
    job_type: str
    state: str
    attempts: int
    finished_at: datetime | None
    error: str | None
    result: str | None
    note: str | None
    progress: str | None = None

    @property
    def ended(self) -> bool:
        """As of its status."""
        return self.state in ENDED
