"""Claims the due jobs of a database one by one, by the worker's own statements, and settles each before the next.

So what a handler does to other jobs finds them pending, and a test sees one order: by priority, then by time, whatever
the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import tuple_row

from pooljobs.application.app import PoolJobs
from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.db.wire.arrays import register_arrays
from pooljobs.job.verdict import FIRST_RETURNED, Settlement, Verdict
from pooljobs.settings import BATCH_BYTES, LONGEST_WAIT_SECS, WorkerSettings
from pooljobs_testing.composed import composed
from pooljobs_testing.handler_runner import HandlerRunner
from pooljobs_testing.savepoint import apart, not_broken
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.claims.claimer import Claimer, OthersJobs
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.give_back import GivesBack
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.claims.large_payloads import LargePayloads
from pooljobs_worker.claims.paused_jobs import PausedJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.session.lease import Lease
from pooljobs_worker.session.registration import Registration

T = TypeVar("T")

LEASE: Final = LONGEST_WAIT_SECS
"""Seconds: longer than anybody looks at a breakpoint. Nobody renews it."""


class OneConnection:
    """A session on one connection, whose errors are the test's: nothing is waited for, nor tried again."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection

    def run(self, work: Callable[[Connection[Any]], T], *, give_up: Callable[[], bool] | None = None) -> T:  # noqa: ARG002
        """Does the work, once. Rows come as tuples, whatever else the connection is used for."""
        given = self.connection.row_factory
        self.connection.row_factory = tuple_row
        try:
            return work(self.connection)
        finally:
            self.connection.row_factory = given


class OneByOne:
    """A worker to the database, from here on: what the application declares is known there.

    Attributes:
        completing: The statement that ``JobContext.complete_with`` runs.
    """

    def __init__(
        self,
        app: PoolJobs,
        connection: Connection[Any],
        *,
        runner: HandlerRunner,
        forget_broken: Callable[[], bool] = not_broken,
    ) -> None:
        """``forget_broken``: as of ``apart``."""
        register_arrays(connection)
        self._forget_broken = forget_broken
        self._app, self._child, self._log = app, runner.child, runner.log
        self._statements = Statements(app.schema)
        self._session = OneConnection(connection)
        self._settling = SettlementBatch(self._statements)
        self._large_payloads = LargePayloads(self._session, self._statements, BATCH_BYTES)
        self._next_due = composed("next_due", app.schema)
        self._cancel_requested = self._statements.load("cancel_requested")
        self.completing = self._statements.load("complete_in_transaction")
        self._claimers: dict[str, Claimer] = {}
        self._register()

    def next(self) -> ClaimedJob | None:
        """The job to run now, claimed; None if none is due."""
        due = self._session.run(lambda connection: connection.execute(self._next_due).fetchone())
        if due is None:
            return None
        (queue,) = due
        claimer = self._claimers.get(queue) or self._claimers.setdefault(queue, self._claimer(queue))
        claimer.forget_floors(behind=True)  # travel, and tests by hand, put jobs there
        self._child.board.pauses_version += 1  # there is no steward to tell of them
        jobs = claimer.claim(1)
        if not jobs:
            return None
        (job,) = jobs
        if job.payload is LEFT_OUT:
            self._large_payloads.bring(job, ())
        return job

    @contextmanager
    def held(self, job: ClaimedJob) -> Iterator[None]:
        """Around the run of a job: what ends the drain instead of the run gives it back."""
        try:
            with apart(self._session.connection, self._forget_broken):
                yield
        except BaseException:
            with suppress(psycopg.Error):
                self.settle(job.settled(Verdict.RELEASED))
            raise

    def settle(self, settlement: Settlement) -> bool:
        """Stores how a job ended; False if it was not this claim's any more. One that was asked to end meanwhile, and
        came back, is cancelled, as a steward does it.

        Raises:
            psycopg.Error: The database refused it, by a trigger perhaps.
        """
        refused, unstorable, hindered = self._session.run(
            lambda connection: self._settling.settle(connection, [settlement])
        )
        for error in hindered.values():
            raise error
        if settlement.verdict >= FIRST_RETURNED:
            ids = {"ids": [UUID(bytes=settlement.job_id)]}
            self._session.run(lambda connection: connection.execute(self._cancel_requested, ids))
        return not (unstorable or (refused and not settlement.in_transaction))

    def _register(self) -> None:
        queues = sorted({task.queue for task in self._app.registry.values()}) or ["default"]
        settings = WorkerSettings(queues=tuple(queues), job_timeout=LEASE)
        lease = Lease(self._session, self._statements, slot=self._child.slot, job_timeout=LEASE)
        registration = Registration(self._session, self._statements, child=self._child, settings=settings, lease=lease)
        registration.declare(self._app)
        registration.register()

    def _claimer(self, queue: str) -> Claimer:
        others = OthersJobs(
            foreign_jobs=ForeignJobs(self._app.registry, types=False),
            refused_shapes=RefusedShapes(),
            paused_jobs=PausedJobs(self._statements, self._child.board, self._log),
            gives_back=GivesBack(self._statements, self._child, self._log),
        )
        lanes = Lanes({queue: 1})
        return Claimer(self._session, self._statements, lanes=lanes, others_jobs=others, slot=self._child.slot)
