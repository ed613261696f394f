"""Runs jobs where they are enqueued: for tests in which it matters what they do, and not when."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from psycopg import Connection

from pooljobs.application.app import PoolJobs
from pooljobs.db.callers.recognition import driver_of
from pooljobs.db.callers.steps import AsyncDriver
from pooljobs.db.ids import JobIds
from pooljobs.db.store.group_commit import Outcome
from pooljobs.db.store.producer import Producer
from pooljobs.db.wire.unique_block import NEW, Stored
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.errors import RefusedError
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.one_run import NOTHING_STORED, as_claimed
from pooljobs_worker.execution.coroutines import MainLoop

T = TypeVar("T")


class InlineProducer(Producer):
    """Has each job run at once, whatever its delay, in place of storing it. A failed run is raised by the enqueue."""

    def __init__(self, runner: HandlerRunner, schema: str) -> None:
        super().__init__("", schema, 1)
        self._runner = runner

    def insert(self, job: NewJob) -> UUID:
        """Runs it."""
        claimed = as_claimed(job)
        run = self._runner.run(claimed, NOTHING_STORED, coroutines=self._to_its_end)
        if run.settlement.verdict in (Verdict.FAILED, Verdict.RETRY, Verdict.SUSPECTED):
            raise run.error or AssertionError(run.settlement.error)
        return claimed.id

    def insert_together(self, jobs: Sequence[NewJob], until: float) -> list[Outcome]:  # noqa: ARG002
        """Runs them, one after the other."""
        outcomes: list[Outcome] = []
        for job in jobs:
            try:
                outcomes.append(self.insert(job))
            except Exception as error:  # noqa: BLE001  # whoever enqueued it gets it
                outcomes.append(error)
        return outcomes

    def insert_many(self, jobs: Iterable[NewJob], on_progress: Callable[[int], None] | None = None) -> JobIds:
        """Runs them, one after the other; the first that fails is the last."""
        ids = bytearray()
        for count, job in enumerate(jobs, 1):
            ids += self.insert(job).bytes
            if on_progress is not None:
                on_progress(count)
        return JobIds(bytes(ids))

    def insert_alike(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds:
        """As ``insert_many``."""
        return self.insert_many((job._replace(payload=payload) for payload in payloads), on_progress)

    def insert_unique(self, job: NewJob) -> Stored:
        """Runs it. Another of its key has ended by then."""
        return Stored(self.insert(job).bytes, NEW)

    def insert_unique_many(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> Stored:
        """As ``insert_many``."""
        ids = self.insert_alike(job, payloads, on_progress)
        return Stored(bytes(ids.packed), NEW * len(ids))

    def cancel_once(self, job_id: UUID, reason: str | None, until: float) -> Cancellation:  # noqa: ARG002
        """There is no job that has not ended."""
        return Cancellation.ENDED

    def run_once(self, work: Callable[[Connection[Any]], T], until: float) -> T:  # noqa: ARG002
        """Refuses what would be stored: pauses and schedules.

        Raises:
            RefusedError: Always. What is not stored is not to seem so.
        """
        _refuse()

    @property
    def producer(self) -> Producer:
        """This one: it is all that is to be opened."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def _to_its_end(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """On a loop in a thread of its own, as long as it lasts: the enqueue may itself be in one."""
        raised: list[BaseException] = []

        def live() -> None:
            try:
                with MainLoop(self._runner.log) as loop:
                    loop.run(coroutine)
            except BaseException as error:  # noqa: BLE001  # raised where it belongs
                raised.append(error)

        thread = threading.Thread(target=copy_context().run, args=(live,), name="pooljobs-inline")
        thread.start()
        thread.join()
        if raised:
            raise raised[0]


class InlineCallers(CallerConnections):
    """The same for jobs that are enqueued on callers' connections: they run before the caller's transaction ends."""

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
        return _given(conn, "enqueue_with", lambda: self._producer.insert_unique(job))

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
        return _given(conn, "schedule_with", _refuse)


def _refuse() -> NoReturn:
    raise RefusedError(
        "pauses and schedules are stored, and jobs run inline here: nothing is",
        hint="test it outside of inline(), on a database of the test's own",
    )


def _given(conn: Any, method: str, work: Callable[[], T]) -> T | Awaitable[T]:
    """What the work gives; to be awaited if the caller's connection is asynchronous."""

    async def awaited() -> T:
        return work()

    return awaited() if isinstance(driver_of(conn, method), AsyncDriver) else work()


@contextmanager
def inline(app: PoolJobs) -> Iterator[None]:
    """Has each job of an application run at its enqueue, in the enqueuing thread, with no database at all.

    The payload goes through JSON, and hooks, arguments and verdicts are a worker's. A run that fails is raised by the
    enqueue, and is not tried again; delays are not waited for; a job of ``enqueue_with`` runs before the commit. What
    would be stored without being a job, a pause or a schedule, is refused (RefusedError). State that handlers were
    given is closed at the end.
    """
    runner = HandlerRunner(app)
    try:
        producer = InlineProducer(runner, app.schema)
        with app._outlet.replaced(producer, InlineCallers(producer, app.schema)):  # noqa: SLF001  # of the same family
            yield
    finally:
        try:
            runner.close()
        finally:
            app.state.close()
