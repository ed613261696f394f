"""The waits of one call for the jobs that it was given, over the hub. Used by ``job_results``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pooljobs.db.store.storing import fresh
from pooljobs.enqueue.found_outcomes import Declared, outcome_of
from pooljobs.errors import PoolJobsError
from pooljobs.job.job_status import JobResult

if TYPE_CHECKING:
    from pooljobs.enqueue.lazy_producer import Hub
    from pooljobs.job.handle import JobHandle

    Job: TypeAlias = JobHandle[Any]
    Outcome: TypeAlias = tuple[Job, JobResult[Any]]


class Waits:
    """Says the place of each job among those given when it has ended: ``tell`` is called by any thread."""

    def __init__(self, hub: Hub, jobs: Sequence[Job], *, declared: Declared, tell: Callable[[int], None]) -> None:
        self._hub = hub
        self._declared = declared
        self._left = dict(enumerate(jobs))
        self._futures = dict(enumerate(hub.add([job.id for job in jobs])))
        for place, future in list(self._futures.items()):  # one that is done already may be taken by a thread
            future.add_done_callback(lambda _, place=place: tell(place))  # type: ignore[misc]  # of a default

    @property
    def any(self) -> bool:
        """Whether there are some that have not ended."""
        return bool(self._left)

    @property
    def left(self) -> list[Job]:
        """Those that have not ended."""
        return list(self._left.values())

    def take(self, place: int) -> Outcome:
        """What became of a job whose place was told. Nothing of it is kept here: results may be many, and large."""
        job, future = self._left.pop(place), self._futures.pop(place)
        try:
            return job, outcome_of(job.id, future.result(), self._declared)
        except PoolJobsError as error:
            return job, JobResult(error=fresh(error))  # others who wait are raised theirs

    def close(self) -> None:
        """Waits for the others no longer."""
        self._hub.forget([job.id for job in self.left], list(self._futures.values()))
