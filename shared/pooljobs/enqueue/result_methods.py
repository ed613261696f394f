"""The methods of an application that ask what became of its jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from pooljobs.enqueue.cancel_methods import id_of
from pooljobs.enqueue.handler_types import R
from pooljobs.enqueue.lazy_producer import LazyProducer
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
            RefusedError: A handler runs here, as for ``JobHandle.result``.
        """
        return self._outlet.results.as_they_end(list(jobs), timeout)

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
        return self._outlet.results.as_they_end_async(list(jobs), timeout)
