"""The same six ways as ``insertion``, for unique jobs: of one that was there the handle is given."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from inspect import isawaitable
from typing import TYPE_CHECKING

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.job.handle import JobHandle, JobHandles
from pooljobs.job.new_job import NewJob

if TYPE_CHECKING:
    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.db.wire.unique_block import Stored
    from pooljobs.enqueue.insertion import OnProgress


def insert(outlet: LazyProducer, job: NewJob) -> JobHandle:
    """Stores one job, or finds it, committed when this returns."""
    from pooljobs.db.store.retrying import tried

    return _handle(outlet, job, tried(lambda until: outlet.store().insert_unique_once(job, until), outlet.wait))


async def insert_async(outlet: LazyProducer, job: NewJob) -> JobHandle:
    """The same, each attempt in a thread: while it waits for others who enqueue the same key, it mostly holds none."""
    from pooljobs.db.store.retrying import tried_async

    def attempt(until: float) -> Stored:
        return outlet.store().insert_unique_once(job, until)

    return _handle(outlet, job, await tried_async(lambda until: outlet.in_thread(attempt, until), outlet.wait))


def insert_with(outlet: LazyProducer, conn: SyncCaller | AsyncCaller, job: NewJob) -> JobHandle | Awaitable[JobHandle]:
    """The same on the caller's connection, in its transaction."""
    stored = outlet.for_caller().insert_unique_with(conn, job)
    return _awaited(outlet, job, stored) if isawaitable(stored) else _handle(outlet, job, stored)


def insert_many(outlet: LazyProducer, job: NewJob, payloads: Iterable[bytes], on_progress: OnProgress) -> JobHandles:
    """Stores many jobs, all or none; those that are there keep their places among the handles."""
    return _handles(outlet, job, outlet.store().insert_unique_many(job, payloads, on_progress))


def insert_many_with(
    outlet: LazyProducer,
    conn: SyncCaller | AsyncCaller,
    job: NewJob,
    payloads: Iterable[bytes],
    on_progress: OnProgress,
) -> JobHandles | Awaitable[JobHandles]:
    """The same on the caller's connection, in its transaction."""
    stored = outlet.for_caller().insert_unique_many_with(conn, job, payloads, on_progress)
    return _all_awaited(outlet, job, stored) if isawaitable(stored) else _handles(outlet, job, stored)


async def _awaited(outlet: LazyProducer, job: NewJob, stored: Awaitable[Stored]) -> JobHandle:
    return _handle(outlet, job, await stored)


async def _all_awaited(outlet: LazyProducer, job: NewJob, stored: Awaitable[Stored]) -> JobHandles:
    return _handles(outlet, job, await stored)


def _handle(outlet: LazyProducer, job: NewJob, stored: Stored) -> JobHandle:
    return _handles(outlet, job, stored)[0]


def _handles(outlet: LazyProducer, job: NewJob, stored: Stored) -> JobHandles:
    from pooljobs.db.ids import JobIds

    return JobHandles(JobIds(stored.ids), job.job_type, job.queue, letters=stored.letters, source=outlet)
