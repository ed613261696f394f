"""The methods of an application that cancel jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, overload
from uuid import UUID

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import OptionError
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.handle import JobHandle

if TYPE_CHECKING:
    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller


class CancelMethods:
    """The methods by which jobs are cancelled; part of ``PoolJobs``.

    All take a job's id, or the handle that its enqueue returned, and a reason of one line that is kept with the job.
    They raise OptionError for what is no id, and for the database's sake what enqueueing raises (``EnqueueMethods``).
    """

    _outlet: LazyProducer

    def cancel(self, job: JobHandle | UUID | str, *, reason: str | None = None) -> Cancellation:
        """Cancel one job, committed when this returns.

        One that is pending ends at once and never runs. One that runs is asked to end; that takes effect within
        about a second, and this does not wait for it.
        """
        from pooljobs.db.store.retrying import tried

        return tried(self._cancelling(job, reason), self._outlet.wait)

    async def cancel_async(self, job: JobHandle | UUID | str, *, reason: str | None = None) -> Cancellation:
        """As ``cancel``, without blocking the event loop: the database is spoken to in a thread."""
        from pooljobs.db.store.retrying import tried_async

        cancelling = self._cancelling(job, reason)
        return await tried_async(lambda until: self._outlet.in_thread(cancelling, until), self._outlet.wait)

    def _cancelling(self, job: JobHandle | UUID | str, reason: str | None) -> Callable[[float], Cancellation]:
        job_id, outlet = id_of(job), self._outlet
        return lambda until: outlet.store().cancel_once(job_id, reason, until)

    @overload
    def cancel_with(
        self, conn: SyncCaller, /, job: JobHandle | UUID | str, *, reason: str | None = None
    ) -> Cancellation: ...
    @overload
    def cancel_with(
        self, conn: AsyncCaller, /, job: JobHandle | UUID | str, *, reason: str | None = None
    ) -> Awaitable[Cancellation]: ...
    def cancel_with(
        self, conn: SyncCaller | AsyncCaller, /, job: JobHandle | UUID | str, *, reason: str | None = None
    ) -> Cancellation | Awaitable[Cancellation]:
        """Cancel one job on the caller's connection: it takes effect with the caller's transaction, or not.

        ``conn`` is as for ``Task.enqueue_with``; await the call for an asynchronous one. Until the transaction ends, no
        worker takes the job, and none waits.

        Raises:
            OptionError: ``conn`` is no such connection.
            NotMigratedError, DatabaseRefusedError, Exception: As for ``Task.enqueue_with``.
        """
        return self._outlet.for_caller().cancel_with(conn, id_of(job), reason)


def id_of(job: JobHandle | UUID | str) -> UUID:
    """The id that was passed, in whatever form.

    Raises:
        OptionError: It is none.
    """
    if isinstance(job, JobHandle):
        return job.id
    if isinstance(job, UUID):
        return job
    try:
        return UUID(job)
    except (ValueError, AttributeError, TypeError):
        raise OptionError(
            f"{job!r} is not a job's id", hint="pass the handle that enqueue returned, or its id"
        ) from None
