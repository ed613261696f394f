"""The methods of an application that enqueue by a job type's name, for producers that do not import the handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from pooljobs.application.declaration import DEFAULT_MAX_RETRIES, DEFAULT_QUEUE
from pooljobs.application.task import Task, new_job
from pooljobs.enqueue import insertion
from pooljobs.enqueue.lazy_producer import LazyProducer
from pooljobs.errors import OptionError
from pooljobs.hooks import Hooks
from pooljobs.job.handle import JobHandle, JobHandles
from pooljobs.job.new_job import NewJob
from pooljobs.job.options import EnqueueOptions, check_name
from pooljobs.payload.encoding import encode

if TYPE_CHECKING:
    from typing import Unpack

    from pooljobs.db.callers.connection_types import AsyncCaller, SyncCaller
    from pooljobs.job.options import GivenOptions

_NOTHING = MappingProxyType[str, Any]({})


class EnqueueByName:
    """The six methods of a task, with the name of its job type in front.

    A type that is declared here is checked as its task checks, and jobs of an alias get the handler's name; for others
    ``queue`` and ``max_retries`` must be given where they differ from ``default`` and 3. A payload is an object of the
    handler's keyword arguments, or what its first parameter takes whole; options are those of ``Task.options``.

    They raise OptionError for a name or an option that is refused, and what the task's methods raise
    (``EnqueueMethods``).
    """

    hooks: Hooks
    _tasks: dict[str, Task]
    _outlet: LazyProducer

    def enqueue(self, job_type: str, payload: Any = _NOTHING, **options: Unpack[GivenOptions]) -> JobHandle:
        """Store one job, committed when this returns."""
        return insertion.insert(self._outlet, self._job(job_type, payload, options))

    async def enqueue_async(self, job_type: str, payload: Any = _NOTHING, **options: Unpack[GivenOptions]) -> JobHandle:
        """As ``enqueue``, without blocking the event loop."""
        return await insertion.insert_async(self._outlet, self._job(job_type, payload, options))

    @overload
    def enqueue_with(
        self, conn: SyncCaller, /, job_type: str, payload: Any = _NOTHING, **options: Unpack[GivenOptions]
    ) -> JobHandle: ...
    @overload
    def enqueue_with(
        self, conn: AsyncCaller, /, job_type: str, payload: Any = _NOTHING, **options: Unpack[GivenOptions]
    ) -> Awaitable[JobHandle]: ...
    def enqueue_with(
        self, conn: SyncCaller | AsyncCaller, /, job_type: str, payload: Any = _NOTHING, **options: Unpack[GivenOptions]
    ) -> JobHandle | Awaitable[JobHandle]:
        """Store one job in the transaction of the caller's connection; await it on an asynchronous one."""
        return insertion.insert_with(self._outlet, conn, self._job(job_type, payload, options))

    def enqueue_many(
        self,
        job_type: str,
        items: Iterable[Any],
        *,
        on_progress: Callable[[int], None] | None = None,
        **options: Unpack[GivenOptions],
    ) -> JobHandles:
        """Store many jobs of one type, a payload each, all or none; see ``Task.enqueue_many``."""
        job, payloads = self._jobs(job_type, items, options)
        return insertion.insert_many(self._outlet, job, payloads, on_progress)

    async def enqueue_many_async(
        self,
        job_type: str,
        items: Iterable[Any],
        *,
        on_progress: Callable[[int], None] | None = None,
        **options: Unpack[GivenOptions],
    ) -> JobHandles:
        """As ``enqueue_many``, in a thread; see ``Task.enqueue_many_async``."""
        job, payloads = self._jobs(job_type, items, options)
        return await insertion.insert_many_async(self._outlet, job, payloads, on_progress)

    @overload
    def enqueue_many_with(
        self,
        conn: SyncCaller,
        /,
        job_type: str,
        items: Iterable[Any],
        *,
        on_progress: Callable[[int], None] | None = None,
        **options: Unpack[GivenOptions],
    ) -> JobHandles: ...
    @overload
    def enqueue_many_with(
        self,
        conn: AsyncCaller,
        /,
        job_type: str,
        items: Iterable[Any],
        *,
        on_progress: Callable[[int], None] | None = None,
        **options: Unpack[GivenOptions],
    ) -> Awaitable[JobHandles]: ...
    def enqueue_many_with(
        self,
        conn: SyncCaller | AsyncCaller,
        /,
        job_type: str,
        items: Iterable[Any],
        *,
        on_progress: Callable[[int], None] | None = None,
        **options: Unpack[GivenOptions],
    ) -> JobHandles | Awaitable[JobHandles]:
        """As ``enqueue_many``, in the transaction of the caller's connection; await it on an asynchronous one."""
        job, payloads = self._jobs(job_type, items, options)
        return insertion.insert_many_with(self._outlet, conn, job, payloads, on_progress)

    def _job(self, job_type: str, payload: Any, options: GivenOptions) -> NewJob:
        task, given = self._found(job_type, options)
        value = {} if payload is _NOTHING else payload
        if task is None:
            return self._undeclared(job_type, encode(value, where=f"{job_type}: payload"), given)
        return task.job_of(task.binder.encoded(value), given)

    def _jobs(self, job_type: str, items: Iterable[Any], options: GivenOptions) -> tuple[NewJob, Iterator[bytes]]:
        task, given = self._found(job_type, options)
        payloads = insertion.checked_items(job_type, items)
        if task is None:
            where = f"{job_type}: payload"
            return self._undeclared(job_type, b"", given), (encode(payload, where=where) for payload in payloads)
        return task.job_of(b"", given), map(task.binder.encoded_item, payloads)

    def _found(self, job_type: str, options: GivenOptions) -> tuple[Task | None, EnqueueOptions]:
        if isinstance(job_type, Task):
            hint = f"call its own method, or give its name, {job_type.name!r}"
            raise OptionError("an application enqueues by the name of a job type, not by the task", hint=hint)
        check_name("job_type", job_type)
        return self._tasks.get(job_type), EnqueueOptions.named(options)

    def _undeclared(self, job_type: str, encoded: bytes, given: EnqueueOptions) -> NewJob:
        most = given.max_retries or DEFAULT_MAX_RETRIES
        return self.hooks.enqueued(new_job(job_type, encoded, given, queue=DEFAULT_QUEUE, max_retries=most))
