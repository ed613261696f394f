"""The methods by which jobs enter the database, the same on a task and on a task with options."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, overload
from uuid import UUID

from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import OptionError
from pooljobs.job.handle import JobHandle, JobHandles
from pooljobs.job.new_job import NewJob
from pooljobs.signature.binder import Binder

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection


class EnqueueMethods(ABC):
    """Takes the handler's payload arguments, without what is injected. Whatever is refused, nothing is stored.

    All methods raise PayloadError for arguments that the handler does not take or JSON cannot hold, and, on connections
    of the application's own, where the database does not take the job: DatabaseUnreachableError in an outage, once it
    has been waited for (``PoolJobs(wait=…)``), with the ids of jobs that may have been stored all the same;
    DatabaseReadOnlyError, which is one of them; NotMigratedError; or DatabaseRefusedError.
    """

    name: str
    queue: str
    binder: Binder
    _outlet: LazyProducer

    @abstractmethod
    def job_of(self, encoded: bytes) -> NewJob:
        """A job with this payload, which was checked and encoded by the binder."""

    def prepare(self, payload: Any) -> NewJob:
        """``payload`` as a job to store, checked the way a worker will read it: from its JSON."""
        return self.job_of(self.binder.encoded(payload))

    def enqueue(self, *args: Any, **kwargs: Any) -> JobHandle:
        """Store one job, committed when this returns."""
        return self._insert(self._called(args, kwargs))

    async def enqueue_async(self, *args: Any, **kwargs: Any) -> JobHandle:
        """As ``enqueue``, without blocking the event loop: the database is spoken to in a thread."""
        from pooljobs.db.store.retrying import tried_async

        job, outlet = self._called(args, kwargs), self._outlet
        return self._handle(await tried_async(lambda until: outlet.tasks.insert(job, until), outlet.wait))

    @overload
    def enqueue_with(self, conn: Connection[Any], /, *args: Any, **kwargs: Any) -> JobHandle: ...
    @overload
    def enqueue_with(self, conn: AsyncConnection[Any], /, *args: Any, **kwargs: Any) -> Awaitable[JobHandle]: ...
    def enqueue_with(
        self, conn: Connection[Any] | AsyncConnection[Any], /, *args: Any, **kwargs: Any
    ) -> JobHandle | Awaitable[JobHandle]:
        """Store one job on the caller's psycopg connection: it commits, or rolls back, with the caller's transaction.

        Nothing is tried again there.

        Raises:
            OptionError: ``conn`` is not a psycopg connection.
            NotMigratedError: The schema is not in that database.
            DatabaseRefusedError: The connection's user may not enqueue.
            psycopg.Error: Whatever else befalls the connection or its transaction, as psycopg raises it.
        """
        from psycopg import AsyncConnection, Connection

        job = self._called(args, kwargs)
        if isinstance(conn, AsyncConnection):
            return self._insert_with_async(conn, job)
        if isinstance(conn, Connection):
            return self._handle(self._outlet.guest().insert_with(conn, job))
        raise OptionError(
            f"enqueue_with takes a psycopg Connection or AsyncConnection, not {type(conn).__qualname__}",
            hint="of a wrapper, pass the connection inside it, for example connection.driver_connection",
        )

    def enqueue_many(self, items: Iterable[Any], *, on_progress: Callable[[int], None] | None = None) -> JobHandles:
        """Store many jobs, all or none; the fast way to load thousands. What it returns takes 16 bytes for each job.

        Args:
            items: One payload each; for a handler with plain keyword arguments, a dict of them. Read as it goes.
            on_progress: Called now and then with the number of jobs sent so far, which are not committed yet.
        """
        payloads = map(self.binder.encoded_item, items)
        ids = self._outlet.producer().insert_alike(self.job_of(b""), payloads, on_progress)
        return JobHandles(ids, self.name, self.queue)

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NewJob:
        return self.prepare(self.binder.payload_of(args, kwargs))

    def _insert(self, job: NewJob) -> JobHandle:
        return self._handle(self._outlet.producer().insert(job))

    async def _insert_with_async(self, conn: AsyncConnection[Any], job: NewJob) -> JobHandle:
        return self._handle(await self._outlet.guest().insert_with_async(conn, job))

    def _handle(self, id_: UUID) -> JobHandle:
        return JobHandle(id_, self.name, self.queue)
