"""The six ways in which jobs enter the database. The enqueue methods of tasks, and those by a type's name, stand on it.

Each takes jobs that were checked and encoded, and gives handles of what was stored. Many are one job, and payloads to
store it with: they are read as it goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from pooljobs.enqueue import unique_insertion
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import PayloadError
from pooljobs.job.handle import JobHandle, JobHandles, put_source
from pooljobs.job.new_job import NewJob

if TYPE_CHECKING:
    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller

OnProgress: TypeAlias = Callable[[int], None] | None


def insert(outlet: LazyProducer, job: NewJob) -> JobHandle:
    """Stores one job, committed when this returns."""
    if job.unique is not None:
        return unique_insertion.insert(outlet, job)
    return _handle(outlet, job, outlet.store().insert(job))


async def insert_async(outlet: LazyProducer, job: NewJob) -> JobHandle:
    """The same from a task of an event loop. Who is cancelled meanwhile may have stored it."""
    if job.unique is not None:
        return await unique_insertion.insert_async(outlet, job)
    return _handle(outlet, job, await outlet.insert_of_task(job))


def insert_with(outlet: LazyProducer, conn: SyncCaller | AsyncCaller, job: NewJob) -> JobHandle | Awaitable[JobHandle]:
    """The same on the caller's connection, in its transaction."""
    if job.unique is not None:
        return unique_insertion.insert_with(outlet, conn, job)
    stored = outlet.for_caller().insert_with(conn, job)
    return _handle(outlet, job, stored) if isinstance(stored, UUID) else _awaited(outlet, job, stored)


def insert_many(outlet: LazyProducer, job: NewJob, payloads: Iterable[bytes], on_progress: OnProgress) -> JobHandles:
    """Stores many jobs, all or none."""
    if job.unique is not None:
        return unique_insertion.insert_many(outlet, job, payloads, on_progress)
    return _handles(outlet, job, outlet.store().insert_alike(job, payloads, on_progress))


async def insert_many_async(
    outlet: LazyProducer, job: NewJob, payloads: Iterable[bytes], on_progress: OnProgress
) -> JobHandles:
    """The same in a thread, where ``payloads`` is read too. Where its caller is cancelled it is given up before the
    commit: nothing is stored later, by an attempt that still waited for a connection or for an outage to pass.
    """
    given_up = _GivenUp(payloads, on_progress)
    try:
        return await outlet.in_thread(insert_many, outlet, job, given_up.payloads(), given_up.on_progress)
    finally:
        given_up.now = True


def insert_many_with(
    outlet: LazyProducer,
    conn: SyncCaller | AsyncCaller,
    job: NewJob,
    payloads: Iterable[bytes],
    on_progress: OnProgress,
) -> JobHandles | Awaitable[JobHandles]:
    """The same on the caller's connection, in its transaction."""
    if job.unique is not None:
        return unique_insertion.insert_many_with(outlet, conn, job, payloads, on_progress)
    stored = outlet.for_caller().insert_alike_with(conn, job, payloads, on_progress)
    return _all_awaited(outlet, job, stored) if isawaitable(stored) else _handles(outlet, job, stored)


def checked_items(job_type: str, items: Any) -> Iterable[Any]:
    """``items``, if there can be a payload in each.

    Raises:
        PayloadError: It is no iterable, or text or a mapping, whose characters or keys nobody means.
    """
    if isinstance(items, Iterable) and not isinstance(items, str | bytes | Mapping):
        return items
    kind = type(items)
    asynchronous = hasattr(kind, "__aiter__")
    hint = "await them into a list first: [item async for item in …]" if asynchronous else "put it into a list: [item]"
    raise PayloadError(
        f"{job_type}: enqueue_many takes an iterable of payloads, not {kind.__module__}.{kind.__qualname__}", hint=hint
    )


class _GivenUp:
    """Whether nobody waits any more for a load that runs in another thread."""

    def __init__(self, payloads: Iterable[bytes], on_progress: OnProgress) -> None:
        self.now = False
        self._payloads = payloads
        self._on_progress = on_progress

    def payloads(self) -> Iterator[bytes]:
        """Those of the load, as long as somebody waits for it."""
        for payload in self._payloads:
            self._look()
            yield payload

    def on_progress(self, count: int) -> None:
        """Called after the last job too, before the commit, in each attempt."""
        self._look()
        if self._on_progress is not None:
            self._on_progress(count)

    def _look(self) -> None:
        if self.now:
            raise _NobodyWaitsError


class _NobodyWaitsError(Exception):
    """Rolls back; nobody sees it."""


async def _awaited(outlet: LazyProducer, job: NewJob, stored: Awaitable[UUID]) -> JobHandle:
    return _handle(outlet, job, await stored)


async def _all_awaited(outlet: LazyProducer, job: NewJob, stored: Awaitable[Sequence[UUID]]) -> JobHandles:
    return _handles(outlet, job, await stored)


def _handle(outlet: LazyProducer, job: NewJob, job_id: UUID) -> JobHandle:
    handle: JobHandle = JobHandle(job_id, job.job_type, job.queue)
    put_source(handle, outlet)
    return handle


def _handles(outlet: LazyProducer, job: NewJob, ids: Sequence[UUID]) -> JobHandles:
    return JobHandles(ids, job.job_type, job.queue, source=outlet)
