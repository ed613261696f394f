"""The methods by which jobs enter the database, the same on a task and on a task with options.

Their parameters are the handler's own, which type checkers learn from ``P``; what is injected has a default there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, overload

from pooljobs.enqueue import insertion
from pooljobs.enqueue.handler_types import P
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.job.handle import JobHandle, JobHandles
from pooljobs.job.new_job import NewJob
from pooljobs.job.value_type import V_co
from pooljobs.signature.binder import Binder

if TYPE_CHECKING:
    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.enqueue.handler_types import M, TakesOne


class EnqueueMethods(ABC, Generic[P, V_co]):
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

    if TYPE_CHECKING:

        def _takes(self, *args: P.args, **kwargs: P.kwargs) -> object: ...

    @abstractmethod
    def job_of(self, encoded: bytes) -> NewJob:
        """A job with this payload, which was checked and encoded by the binder."""

    def prepare(self, payload: Any) -> NewJob:
        """``payload`` as a job to store, checked the way a worker will read it: from its JSON."""
        return self.job_of(self.binder.encoded(payload))

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[V_co]:
        """Store one job, committed when this returns."""
        return insertion.insert(self._outlet, self._called(args, kwargs))

    async def enqueue_async(self, *args: P.args, **kwargs: P.kwargs) -> JobHandle[V_co]:
        """As ``enqueue``, without blocking the event loop: the database is spoken to in a thread.

        A task that is cancelled meanwhile may have stored it.
        """
        return await insertion.insert_async(self._outlet, self._called(args, kwargs))

    @overload
    def enqueue_with(self, conn: SyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> JobHandle[V_co]: ...
    @overload
    def enqueue_with(self, conn: AsyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[JobHandle[V_co]]: ...
    def enqueue_with(
        self, conn: SyncCaller | AsyncCaller, /, *args: P.args, **kwargs: P.kwargs
    ) -> JobHandle[V_co] | Awaitable[JobHandle[V_co]]:
        """Store one job on the caller's connection: it commits, or rolls back, with the caller's transaction.

        ``conn`` is a connection of psycopg, asyncpg or psycopg2, or a session or connection of SQLAlchemy 2. Await the
        call on an asynchronous one. Nothing is tried again there.

        Raises:
            OptionError: ``conn`` is none of these.
            NotMigratedError: The schema is not in that database.
            DatabaseRefusedError: The connection's user may not enqueue.
            Exception: Whatever else befalls the connection or its transaction, as its driver raises it.
        """
        return insertion.insert_with(self._outlet, conn, self._called(args, kwargs))

    @overload
    def enqueue_many(
        self: TakesOne[M], items: Iterable[M], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]: ...
    @overload
    def enqueue_many(
        self, items: Iterable[Mapping[str, Any]], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]: ...
    def enqueue_many(
        self: Any, items: Iterable[Any], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]:
        """Store many jobs, all or none; the fast way to load thousands. What it returns takes 16 bytes for each job.

        Args:
            items: One payload each; for a handler with plain keyword arguments, a dict of them. Read as it goes.
            on_progress: Called now and then with the number of jobs sent so far, which are not committed yet.
        """
        payloads = self._encoded(items)
        return insertion.insert_many(self._outlet, self.job_of(b""), payloads, on_progress)

    @overload
    async def enqueue_many_async(
        self: TakesOne[M], items: Iterable[M], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]: ...
    @overload
    async def enqueue_many_async(
        self, items: Iterable[Mapping[str, Any]], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]: ...
    async def enqueue_many_async(
        self: Any, items: Iterable[Any], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]:
        """As ``enqueue_many``, in a thread: ``items`` is read, and ``on_progress`` called, there.

        Where the task is cancelled the load is given up: nothing is stored, unless it was being committed already.
        """
        payloads = self._encoded(items)
        return await insertion.insert_many_async(self._outlet, self.job_of(b""), payloads, on_progress)

    @overload
    def enqueue_many_with(
        self: TakesOne[M], conn: SyncCaller, /, items: Iterable[M], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co]: ...
    @overload
    def enqueue_many_with(
        self: TakesOne[M], conn: AsyncCaller, /, items: Iterable[M], *, on_progress: Callable[[int], None] | None = None
    ) -> Awaitable[JobHandles[V_co]]: ...
    @overload
    def enqueue_many_with(
        self,
        conn: SyncCaller,
        /,
        items: Iterable[Mapping[str, Any]],
        *,
        on_progress: Callable[[int], None] | None = None,
    ) -> JobHandles[V_co]: ...
    @overload
    def enqueue_many_with(
        self,
        conn: AsyncCaller,
        /,
        items: Iterable[Mapping[str, Any]],
        *,
        on_progress: Callable[[int], None] | None = None,
    ) -> Awaitable[JobHandles[V_co]]: ...
    def enqueue_many_with(
        self: Any, conn: Any, /, items: Iterable[Any], *, on_progress: Callable[[int], None] | None = None
    ) -> JobHandles[V_co] | Awaitable[JobHandles[V_co]]:
        """As ``enqueue_many``, on the caller's connection and with its transaction, as ``enqueue_with``.

        Await it on an asynchronous connection. An item that is refused leaves the transaction as it was. On psycopg the
        jobs go by COPY, and ``items`` is read as it goes; elsewhere by one statement, with all of them in memory.

        Raises: As ``enqueue_with``.
        """
        payloads = self._encoded(items)
        return insertion.insert_many_with(self._outlet, conn, self.job_of(b""), payloads, on_progress)

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NewJob:
        return self.job_of(self.binder.encoded(self.binder.payload_of(args, kwargs)))

    def _encoded(self, items: Iterable[Any]) -> Iterator[bytes]:
        return map(self.binder.encoded_item, insertion.checked_items(self.name, items))
