"""What enqueueing returns: enough to find the job again, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Protocol, TypeAlias, TypeVar, overload
from uuid import UUID

from pooljobs.errors import PoolJobsError, RefusedError
from pooljobs.exit_codes import ExitCode
from pooljobs.job.value_type import V_co

if TYPE_CHECKING:
    from pooljobs.job.job_status import JobStatus

T = TypeVar("T")

Outcome: TypeAlias = Literal["new", "kept", "replaced"]
"""What an enqueue found: nothing of its key, so that the job is new; or one that it kept, or changed."""

_OF_LETTER: Final[dict[str, Outcome]] = {"n": "new", "k": "kept", "r": "replaced"}


class ResultSource(Protocol):
    """Knows what became of an application's jobs."""

    def status(self, job: JobHandle) -> JobStatus:
        """As ``JobHandle.status``."""

    async def status_async(self, job: JobHandle) -> JobStatus:
        """As ``JobHandle.status_async``."""

    def result(self, job: JobHandle, timeout: float | None) -> Any:
        """As ``JobHandle.result``."""

    async def result_async(self, job: JobHandle, timeout: float | None) -> Any:  # noqa: ASYNC109  # as everywhere
        """As ``JobHandle.result_async``."""


class HasResults(Protocol):
    """An application's outlet: who is asked there is made, and loaded, when the first handle is asked."""

    @property
    def results(self) -> ResultSource:
        """Who is asked."""


class _FromSource:
    """Where a handle comes from: it is no part of its value, and does not go to other processes."""

    __slots__ = ("_source",)

    _source: HasResults | None


put_source: Final[Callable[[_FromSource, HasResults | None], None]] = _FromSource.__dict__["_source"].__set__
"""Past the frozen class's own way, which takes five times as long."""


@dataclass(frozen=True, slots=True)
class JobHandle(_FromSource, Generic[V_co]):
    """An enqueued job, whose handler returns ``V_co``: of an async one a coroutine, and its result is what that gives.

    Attributes:
        id: The job's id, a UUIDv7.
        job_type: Name of the handler that will run it; empty if the handle was made of an id alone.
        queue: Queue that it was put in; of a job that was kept, the one that this would have been put in.
        outcome: ``new``, or of a unique job whose key was held ``kept`` or ``replaced``: then ``id`` is that job's.
    """

    id: UUID
    job_type: str
    queue: str
    outcome: Outcome = "new"

    def status(self) -> JobStatus:
        """How the job stands, as of now.

        Raises:
            UnknownJobError: There is no such job.
            PoolJobsError: As for an enqueue, where the database cannot be asked.
        """
        return self._from().status(self)

    async def status_async(self) -> JobStatus:
        """As ``status``, without blocking the event loop."""
        return await self._from().status_async(self)

    @overload
    def result(self: JobHandle[Coroutine[Any, Any, T]], *, timeout: float | None = None) -> T: ...
    @overload
    def result(self, *, timeout: float | None = None) -> V_co: ...
    def result(self, *, timeout: float | None = None) -> Any:
        """What the handler returned, converted by its return annotation; waits until the job has ended.

        Args:
            timeout: Seconds to wait at most; 0: it is checked once. Default: as long as it takes.

        Raises:
            JobFailedError, JobCancelledError: The job has ended so.
            ResultNotReadyError: It has not ended within the timeout.
            NoResultError: Its type keeps no results (``@app.job(result=True)``), or this one could not be kept.
            UnknownJobError: There is no such job, or its transaction is not committed.
            RefusedError: A handler runs here: who waits in it keeps a worker from the job that is waited for.
            PayloadError: The handler's return annotation does not take what was stored.
            PoolJobsError: As for an enqueue, where the database cannot be asked at first; later outages are waited for.
        """
        return self._from().result(self, timeout)

    @overload
    async def result_async(
        self: JobHandle[Coroutine[Any, Any, T]],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # as of the other
    ) -> T: ...
    @overload
    async def result_async(self, *, timeout: float | None = None) -> V_co: ...  # noqa: ASYNC109
    async def result_async(self, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """As ``result``, without blocking the event loop."""
        return await self._from().result_async(self, timeout)

    def __reduce__(self) -> tuple[type[JobHandle], tuple[object, ...]]:
        """What is sent elsewhere knows of no application there."""
        return JobHandle, (self.id, self.job_type, self.queue, self.outcome)

    def _from(self) -> ResultSource:
        source: HasResults | None = getattr(self, "_source", None)
        if source is None:
            raise RefusedError("this handle was made elsewhere", hint="ask for another: app.handle(handle.id)")
        return source.results


def handle_from(
    source: HasResults | None, job_id: UUID, job_type: str, queue: str, outcome: Outcome = "new"
) -> JobHandle:
    """A handle that can be asked what became of the job."""
    handle: JobHandle = JobHandle(job_id, job_type, queue, outcome)
    put_source(handle, source)
    return handle


class JobHandles(Sequence[JobHandle[V_co]]):
    """Handles of jobs that were enqueued together, in the order of the enqueueing: each is made when it is asked for.

    Attributes:
        ids: The jobs' ids alone.
        job_type: As of each handle.
        queue: As of each handle.
    """

    __slots__ = ("_letters", "_source", "ids", "job_type", "queue")

    def __init__(
        self,
        ids: Sequence[UUID],
        job_type: str,
        queue: str,
        *,
        letters: str | None = None,
        source: HasResults | None = None,
    ) -> None:
        """``letters``: the first one of each outcome; None: all are new. ``source``: as of each handle."""
        self.ids = ids
        self.job_type = job_type
        self.queue = queue
        self._letters = letters
        self._source = source

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """That of each handle."""
        return [_OF_LETTER[letter] for letter in self._letters or "n" * len(self)]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<{len(self)} JobHandles of {self.job_type} in queue {self.queue}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """As of one handle."""
        return _handles, (self.ids, self.job_type, self.queue, self._letters)

    @overload
    def __getitem__(self, index: int) -> JobHandle[V_co]: ...
    @overload
    def __getitem__(self, index: slice) -> JobHandles[V_co]: ...
    def __getitem__(self, index: int | slice) -> JobHandle[V_co] | JobHandles[V_co]:
        if isinstance(index, slice):
            letters = None if self._letters is None else self._letters[index]
            return JobHandles(self.ids[index], self.job_type, self.queue, letters=letters, source=self._source)
        outcome: Outcome = "new" if self._letters is None else _OF_LETTER[self._letters[index]]
        return handle_from(self._source, self.ids[index], self.job_type, self.queue, outcome)


def _handles(ids: Sequence[UUID], job_type: str, queue: str, letters: str | None) -> JobHandles:
    return JobHandles(ids, job_type, queue, letters=letters)


class JobExistsError(PoolJobsError):
    """A unique job was enqueued with ``on_conflict="raise"`` while its key was held. Nothing was stored.

    Attributes:
        existing: The handle of the job that holds it.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, hint: str | None = None, existing: JobHandle) -> None:
        super().__init__(message, hint=hint)
        self.existing = existing
