"""What takes jobs in inline mode in the place of ``Producer``: it runs them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

from psycopg import Connection

from pooljobs.db.ids import JobIds
from pooljobs.db.store.group_commit import Outcome
from pooljobs.db.store.producer import Producer
from pooljobs.db.wire.unique_block import NEW, Stored
from pooljobs.errors import RefusedError
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.job_status import FoundJob
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.one_run import NOTHING_STORED, as_claimed
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.coroutines import MainLoop

T = TypeVar("T")

MOST_DEEP: Final = 64
"""Jobs inside of each other: with a hundred Python's own stack ends, at any place."""


class InlineProducer(Producer):
    """Has each job run at once, whatever its delay, in place of storing it. A failed run is raised by the enqueue."""

    def __init__(self, runner: HandlerRunner, schema: str) -> None:
        super().__init__("", schema, pool_size=1)
        self._runner = runner
        self._ended: dict[UUID, FoundJob] = {}
        self._deep = 0

    def insert(self, job: NewJob) -> UUID:
        """Runs it. Raises AssertionError where that is the last of too many that run inside of each other."""
        claimed = as_claimed(job)
        if self._deep >= MOST_DEEP:
            told = "jobs run inside of each other here, each where it is enqueued: a chain without an end? drain() runs"
            raise AssertionError(f"{MOST_DEEP} {told} them one after the other; the next was of {job.job_type}")
        self._deep += 1
        try:
            run = self._runner.run(claimed, NOTHING_STORED, coroutines=self._to_its_end)
        finally:
            self._deep -= 1
        if run.settlement.verdict in (Verdict.FAILED, Verdict.RETRY, Verdict.SUSPECTED):
            raise run.error or AssertionError(run.settlement.error)
        self._ended[claimed.id] = _found(claimed, run.settlement)
        return claimed.id

    def find_once(self, ids: Sequence[UUID], until: float) -> list[FoundJob]:  # noqa: ARG002
        """Those that were run here."""
        return [self._ended[job_id] for job_id in ids if job_id in self._ended]

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

    def insert_unique_once(self, job: NewJob, until: float) -> Stored:  # noqa: ARG002
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
        """Refuses what would be stored: pauses and schedules. Raises RefusedError."""
        refuse_to_store()

    def add(self, ids: Sequence[UUID]) -> list[Future[FoundJob | None]]:
        """As the hub that waits for jobs: all but what was put off have ended."""
        futures: list[Future[FoundJob | None]] = [Future() for _ in ids]
        for job_id, future in zip(ids, futures, strict=True):
            found = self._ended.get(job_id)
            if found is None or found.ended:
                future.set_result(found)
        return futures

    def forget(self, ids: Sequence[UUID], futures: Sequence[Future[FoundJob | None]]) -> None:
        """Nothing was kept of them."""

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


def _found(job: ClaimedJob, settlement: Settlement) -> FoundJob:
    """What became of it, at no time: that would be the database's. One that was put off is pending, and stays so."""
    states = {Verdict.COMPLETED: "completed", Verdict.CANCELLED: "cancelled"}
    state = states.get(settlement.verdict, "pending")
    result = job.kept.decode() if isinstance(job.kept, bytes) and state == "completed" else None
    note = job.kept if isinstance(job.kept, str) else None
    return FoundJob(job.id, job.job_type, state, 1, None, settlement.error, result, note)


def refuse_to_store() -> NoReturn:
    """For what is no job, and would be kept in the database.

    Raises:
        RefusedError: Always. What is not stored is not to seem so.
    """
    raise RefusedError(
        "pauses and schedules are stored, and jobs run inline here: nothing is",
        hint="test it outside of inline(), on a database of the test's own",
    )
