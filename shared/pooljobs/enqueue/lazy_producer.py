"""How an application's jobs reach the database. Nothing is loaded, looked up or opened before the first job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, Protocol, TypeVar

from pooljobs.errors import OptionError
from pooljobs.process.per_process import PerProcess
from pooljobs.schema_name import check_schema
from pooljobs.settings import LONGEST_WAIT_SECS, MOST_CONNECTIONS, WAIT_SECS

if TYPE_CHECKING:
    from concurrent.futures import Future
    from uuid import UUID

    from pooljobs.db.ids import JobIds
    from pooljobs.db.store.producer import Producer
    from pooljobs.db.wire.unique_block import Stored
    from pooljobs.enqueue.async_group_commit import AsyncGroupCommits
    from pooljobs.enqueue.caller_connection import CallerConnections
    from pooljobs.enqueue.found_outcomes import Declared
    from pooljobs.enqueue.job_results import JobResults
    from pooljobs.job.cancellation import Cancellation
    from pooljobs.job.job_status import FoundJob
    from pooljobs.job.new_job import NewJob

P = ParamSpec("P")
R = TypeVar("R")


class JobStore(Protocol):
    """Stores and cancels jobs: ``Producer``, or what a framework has in its place."""

    def insert(self, job: NewJob) -> UUID:
        """Stores one job; its id."""

    def insert_alike(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> JobIds:
        """Stores many that differ in their payloads alone; their ids."""

    def insert_unique_once(self, job: NewJob, until: float) -> Stored:
        """Stores one unique job, or finds it; an attempt, which may wait for a connection until that monotonic time."""

    def insert_unique_many(
        self, job: NewJob, payloads: Iterable[bytes], on_progress: Callable[[int], None] | None = None
    ) -> Stored:
        """As ``insert_alike``, for unique jobs."""

    def cancel_once(self, job_id: UUID, reason: str | None, until: float) -> Cancellation:
        """Cancels one; an attempt likewise."""

    def find_once(self, ids: Sequence[UUID], until: float) -> list[FoundJob]:
        """Those of these jobs that there are; an attempt likewise."""


class Hub(Protocol):
    """Waits for jobs: ``ResultHub``, or what tests have in its place."""

    def add(self, ids: Sequence[UUID]) -> list[Future[FoundJob | None]]:
        """A future for each of these, in their order, of what became of it; None: there is no such job."""

    def forget(self, ids: Sequence[UUID], futures: Sequence[Future[FoundJob | None]]) -> None:
        """Nobody waits for these any more."""

    def close(self) -> None:
        """Ends all waits."""


class _Opened(NamedTuple):
    """A producer, and what ends with it: its connections, then the use of the embedded server if no other was named."""

    producer: Producer
    ends: ExitStack


class LazyProducer:
    """Holds what is needed to connect, and each process's connections once there are some.

    Attributes:
        declared: The application's tasks, by job type.
    """

    def __init__(self, dsn: str | None, schema: str, *, pool_size: int, wait: float = WAIT_SECS) -> None:
        check_schema(schema)
        if type(wait) not in (int, float) or not 0 <= wait <= LONGEST_WAIT_SECS:
            raise OptionError(f"wait is a number of seconds from 0 to {LONGEST_WAIT_SECS:g}, not {wait!r}")
        self.dsn = dsn
        self.schema = schema
        self.pool_size = pool_size
        self.wait = wait
        self._opened: PerProcess[_Opened] = PerProcess(self._open)
        self._for_caller: PerProcess[CallerConnections] = PerProcess(self._make_for_caller)
        self._tasks: PerProcess[AsyncGroupCommits] = PerProcess(self._make_gatherings)
        self._hub: PerProcess[Hub] = PerProcess(self._make_hub)
        self.declared: Declared = {}

    @property
    def pool_size(self) -> int:
        """Most connections open at once. Setting it raises ``OptionError`` for what is no number of connections."""
        return self._pool_size

    @pool_size.setter
    def pool_size(self, connections: int) -> None:
        if type(connections) is not int or not 1 <= connections <= MOST_CONNECTIONS:
            raise OptionError(f"pool_size is a whole number from 1 to {MOST_CONNECTIONS}, not {connections!r}")
        self._pool_size = connections

    def producer(self) -> Producer:
        """The producer on connections of the application's own, which connects when the first job is stored.

        Where nobody has named a database, a warning is logged that says where the jobs go instead.

        Raises:
            OptionError: The connection string is none.
            RefusedError: No connection string was found, and a service manager runs this process.
            EmbeddedError: No connection string was found, and the embedded server cannot be had.
        """
        return self._opened.get().producer

    @property
    def tasks(self) -> AsyncGroupCommits:
        """The way for tasks of event loops to that producer."""
        return self._tasks.get()

    def store(self) -> JobStore:
        """What stores and cancels jobs where the caller passes no connection; errors as of ``producer``."""
        return self.producer()

    @cached_property
    def results(self) -> JobResults:
        """What answers handles."""
        from pooljobs.enqueue.job_results import JobResults

        return JobResults(self)

    @property
    def hub(self) -> Hub:
        """What waits for jobs in this process; it connects when there is one to wait for."""
        return self._hub.get()

    def waiting_dsn(self) -> str:
        """Where that connects to; errors as of ``producer``."""
        return self.producer().dsn

    async def insert_of_task(self, job: NewJob) -> UUID:
        """As ``store().insert``, from a task of an event loop, together with those of other tasks."""
        from pooljobs.db.store.retrying import tried_async

        return await tried_async(lambda until: self.tasks.insert(job, until), self.wait)

    async def in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What ``function`` returns, called in a thread from which the database may be spoken to."""
        import asyncio

        return await asyncio.to_thread(function, *args, **kwargs)

    def for_caller(self) -> CallerConnections:
        """The way in on callers' connections: it needs no DSN, and never starts the embedded server."""
        return self._for_caller.get()

    def redirect(self, dsn: str | None, schema: str) -> None:
        """Use another database from now on; None: the one that is found when the next job is enqueued."""
        check_schema(schema)
        self.close()
        self.dsn = dsn
        self.schema = schema

    @contextmanager
    def replaced(self, producer: Producer, for_caller: CallerConnections, hub: Hub) -> Iterator[None]:
        """Has all jobs of a block taken by another producer, and by another way in on callers' connections; and waited
        for by another hub.
        """
        own = self._opened, self._for_caller, self._hub
        self._opened = PerProcess(lambda: _Opened(producer, ExitStack()))
        self._for_caller = PerProcess(lambda: for_caller)
        self._hub = PerProcess(lambda: hub)
        try:
            yield
        finally:
            self._opened, self._for_caller, self._hub = own

    def close(self) -> None:
        """Close this process's connections, then leave the embedded server; a later job opens them again."""
        if (hub := self._hub.take()) is not None:
            hub.close()
        self._for_caller.take()
        opened = self._opened.take()
        if opened is not None:
            opened.ends.close()

    def _open(self) -> _Opened:
        # psycopg is loaded by the first job, not by the first import
        from logging import getLogger

        from pooljobs.db.database import open_database
        from pooljobs.db.store.producer import Producer

        with ExitStack() as ends:
            database = ends.enter_context(open_database(self.dsn, schema=self.schema, source="PoolJobs(dsn=…)"))
            for told in ([database.note] if database.warning else []) + list(database.left):
                getLogger("pooljobs.embedded").warning("%s", told)
            producer = Producer(database.dsn, self.schema, pool_size=self.pool_size, wait=self.wait)
            ends.callback(producer.close)
            return _Opened(producer, ends.pop_all())

    def _make_gatherings(self) -> AsyncGroupCommits:
        from pooljobs.enqueue.async_group_commit import AsyncGroupCommits

        return AsyncGroupCommits(lambda jobs, until: self.producer().insert_together(jobs, until))

    def _make_hub(self) -> Hub:
        from pooljobs.enqueue.result_hub import ResultHub
        from pooljobs.enqueue.wait_session import WaitSession

        return ResultHub(lambda: WaitSession.open(self.waiting_dsn(), self.schema), self.schema)

    def _make_for_caller(self) -> CallerConnections:
        from pooljobs.enqueue.caller_connection import CallerConnections

        return CallerConnections(self.schema)
