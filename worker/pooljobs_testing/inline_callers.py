"""What takes jobs in inline mode that are enqueued on callers' connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from pooljobs.db.callers.recognition import driver_of
from pooljobs.db.callers.steps import AsyncDriver
from pooljobs.db.ids import JobIds
from pooljobs.db.wire.unique_block import Stored
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.new_job import NewJob
from pooljobs_testing.inline_producer import InlineProducer, refuse_to_store

T = TypeVar("T")


class InlineCallers(CallerConnections):
    """As ``InlineProducer``; jobs run before the caller's transaction ends."""

    def __init__(self, producer: InlineProducer, schema: str) -> None:
        super().__init__(schema)
        self._producer = producer

    def insert_with(self, conn: Any, job: NewJob) -> UUID | Awaitable[UUID]:
        """Runs it."""
        return _given(conn, "enqueue_with", lambda: self._producer.insert(job))

    def insert_many_with(
        self, conn: Any, jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None
    ) -> JobIds | Awaitable[JobIds]:
        """Runs them, one after the other; the first that fails is the last."""
        return _given(conn, "enqueue_many_with", lambda: self._producer.insert_many(jobs, on_progress))

    def insert_alike_with(
        self, conn: Any, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds | Awaitable[JobIds]:
        """As ``insert_many_with``."""
        return _given(conn, "enqueue_many_with", lambda: self._producer.insert_alike(job, payloads, on_progress))

    def insert_unique_with(self, conn: Any, job: NewJob) -> Stored | Awaitable[Stored]:
        """Runs it."""
        return _given(conn, "enqueue_with", lambda: self._producer.insert_unique_once(job, 0.0))

    def insert_unique_many_with(
        self, conn: Any, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> Stored | Awaitable[Stored]:
        """As ``insert_many_with``."""
        return _given(conn, "enqueue_many_with", lambda: self._producer.insert_unique_many(job, payloads, on_progress))

    def cancel_with(self, conn: Any, job_id: UUID, reason: str | None) -> Cancellation | Awaitable[Cancellation]:
        """There is no job that has not ended."""
        return _given(conn, "cancel_with", lambda: self._producer.cancel_once(job_id, reason, 0.0))

    def retry_with(self, conn: Any, job_id: UUID) -> bool | Awaitable[bool]:  # noqa: ARG002
        """There is no job that has failed: its enqueue did."""
        return _given(conn, "retry_with", lambda: False)

    def schedule_with(self, conn: Any, row: Mapping[str, Any]) -> bool | Awaitable[bool]:  # noqa: ARG002
        """As ``InlineProducer.run_once``."""
        return _given(conn, "schedule_with", refuse_to_store)


def _given(conn: Any, method: str, work: Callable[[], T]) -> T | Awaitable[T]:
    """What the work gives; to be awaited if the caller's connection is asynchronous."""

    async def awaited() -> T:
        return work()

    return awaited() if isinstance(driver_of(conn, method), AsyncDriver) else work()
