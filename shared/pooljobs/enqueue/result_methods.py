"""The methods of an application that ask what became of its jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from pooljobs.enqueue.cancel_methods import id_of
from pooljobs.enqueue.handler_types import R
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import OptionError
from pooljobs.job.handle import JobHandle, T, handle_from

if TYPE_CHECKING:
    from pooljobs.enqueue.enqueue_methods import EnqueueMethods
    from pooljobs.job.job_status import JobResult


class ResultMethods:
    """Part of ``PoolJobs``; beside what handles do by themselves."""

    _outlet: LazyProducer

    @overload
    def handle(self, job: JobHandle[R], /) -> JobHandle[R]: ...
    @overload
    def handle(self, job: UUID | str, /) -> JobHandle: ...
    @overload
    def handle(self, job: JobHandle | UUID | str, task: EnqueueMethods[..., R], /) -> JobHandle[R]: ...
    def handle(self, job: JobHandle | UUID | str, task: EnqueueMethods[..., Any] | None = None, /) -> JobHandle[Any]:
        """A handle of the job with this id, in any process: nothing is looked up.

        Args:
            job: The id, or a handle that was made elsewhere.
            task: Its task, for type checkers to know what it returns.

        Raises:
            OptionError: It is no id.
        """
        known = job if isinstance(job, JobHandle) else task
        job_type = "" if known is None else known.job_type if isinstance(known, JobHandle) else known.name
        return handle_from(self._outlet, id_of(job), job_type, "" if known is None else known.queue)

    @overload
    def results(
        self, jobs: Iterable[JobHandle[Coroutine[Any, Any, T]]], *, timeout: float | None = None
    ) -> Iterator[tuple[JobHandle[Coroutine[Any, Any, T]], JobResult[T]]]: ...
    @overload
    def results(
        self, jobs: Iterable[JobHandle[R]], *, timeout: float | None = None
    ) -> Iterator[tuple[JobHandle[R], JobResult[R]]]: ...
    def results(
        self, jobs: Iterable[JobHandle[Any]], *, timeout: float | None = None
    ) -> Iterator[tuple[JobHandle[Any], JobResult[Any]]]:
        """Each job with what became of it, as they end; whatever that is, nothing is raised for it.

        Args:
            jobs: Their handles. Any number: one connection waits for all of them.
            timeout: Seconds, from the first ``next`` on, after which those that are left come with
                ``ResultNotReadyError``. Default: as long as it takes.

        Raises:
            OptionError: ``jobs`` are no handles, or ``timeout`` is none.
            RefusedError: A handler runs here, as for ``JobHandle.result``.
        """
        return self._outlet.results.as_they_end(_handles(jobs), timeout)

    @overload
    def results_async(
        self, jobs: Iterable[JobHandle[Coroutine[Any, Any, T]]], *, timeout: float | None = None
    ) -> AsyncIterator[tuple[JobHandle[Coroutine[Any, Any, T]], JobResult[T]]]: ...
    @overload
    def results_async(
        self, jobs: Iterable[JobHandle[R]], *, timeout: float | None = None
    ) -> AsyncIterator[tuple[JobHandle[R], JobResult[R]]]: ...
    def results_async(
        self, jobs: Iterable[JobHandle[Any]], *, timeout: float | None = None
    ) -> AsyncIterator[tuple[JobHandle[Any], JobResult[Any]]]:
        """As ``results``, without blocking the event loop: ``async for job, outcome in app.results_async(jobs)``."""
        return self._outlet.results.as_they_end_async(_handles(jobs), timeout)


def _handles(jobs: Iterable[JobHandle[Any]]) -> list[JobHandle[Any]]:
    """Raises OptionError for what are none."""
    if isinstance(jobs, JobHandle) or not isinstance(jobs, Iterable):
        raise OptionError(f"results takes handles, not {jobs!r:.80}", hint="of one alone: results([job])")
    handles = list(jobs)
    for job in handles:
        if not isinstance(job, JobHandle):
            raise OptionError(f"results takes handles, not {job!r:.80}", hint="make one of an id: app.handle(id)")
    return handles
