"""Releases what a dead worker of this host held: first what the scoreboard knows, then what the database knows."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.connect import worker_application_name
from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.db.wire.arrays import UuidArray
from pooljobs.job.retry import RetryPolicy
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.logs.job_log import JobLog
from pooljobs.scoreboard import HeldJob, Scoreboard, Slot
from pooljobs.scoreboard.worker_death import WorkerDeath
from pooljobs.settings import WorkerSettings
from pooljobs_steward.failed_jobs import FailedJob, tell_failed
from pooljobs_steward.recovery.crash_outcomes import JobCounters, judge, suspect_types

_FINAL: Final = (Verdict.FAILED, Verdict.POISONED)


class DeadWorkers:
    """Carries out what ``crash_outcomes.py`` decides. Every step can be done again after an error: fences and tokens
    see to that.
    """

    def __init__(
        self, statements: Statements, settings: WorkerSettings, *, board: Scoreboard, log: logging.Logger
    ) -> None:
        self._board = board
        self._settling = SettlementBatch(statements)
        self._terminate = statements.load("terminate_backends")
        self._counters = statements.load("read_charges")
        self._retire = statements.load("retire_workers")
        self._release = statements.load("release_dead")
        self._partitions = statements.load("make_partitions")
        self._max_crashes = settings.max_crashes
        self._max_losses = settings.max_losses
        self._log = log
        self._job_log = JobLog(log, settings.log_jobs)

    def release(self, connection: Connection[Any], slot: Slot) -> bool:
        """Settles all that the slot's dead worker held; False if something is still locked and it must come again.

        Raises, once all else is settled, what the database said to a result that it refuses.

        The backends go first: a claim that still runs in the server would commit rows for a dead owner afterwards,
        and keeps its locks.
        """
        death = WorkerDeath.of(slot)
        backends = [pid for pid in slot.backends.tolist() if pid]
        connection.execute(
            self._terminate, {"backends": backends, "application_name": worker_application_name(slot.ordinal, slot.pid)}
        )
        held = slot.held()
        if held:
            self._settle(connection, held, death)
        connection.execute(self._retire, {"worker_ids": [slot.worker_id]})
        left = self.release_all(connection, [slot.worker_id], lost=False)
        self._board.returned_ns = time.monotonic_ns()
        return left == 0

    def release_all(self, connection: Connection[Any], worker_ids: Sequence[int] | None, *, lost: bool) -> int:
        """Gives back whatever these dead workers, or all of them, hold by the database's word; the number still locked.

        Jobs that too many hosts were lost with are failed; history may lack the partition for that.
        """
        parameters: dict[str, object] = {"worker_ids": worker_ids, "lost": lost, "max_losses": self._max_losses}
        try:
            held, failed, told = self._release_dead(connection, parameters)
        except pg.CheckViolation as error:
            if error.diag.constraint_name:  # one of ours; "no partition found for row" names none
                raise
            connection.execute(self._partitions)
            held, failed, told = self._release_dead(connection, parameters)
        for job in told:
            tell_failed(self._job_log, job)
        if failed:
            self._log.warning("jobs failed for good after %d lost hosts each: %d", self._max_losses, failed)
        return held

    def _release_dead(
        self, connection: Connection[Any], parameters: dict[str, object]
    ) -> tuple[int, int, list[FailedJob]]:
        """It has to scan the live table, which the pinned settings forbid: here a scan is the best plan."""
        with connection.transaction():
            connection.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on")
            row = connection.execute(self._release, parameters, prepare=False).fetchone()
        return (row[1], row[2], FailedJob.of_rows(row[3])) if row else (0, 0, [])

    def _settle(self, connection: Connection[Any], held: Sequence[HeldJob], death: WorkerDeath) -> None:
        counters = self._read_charges(connection, [job.job_id for job in held])
        settlements = judge(held, counters, death, self._max_crashes)
        for job_type in suspect_types(settlements, counters, death):  # before anybody can claim what is settled
            self._board.suspect_types.add(job_type, time.monotonic_ns())
        refused, unstorable, hindered = self._settling.settle(connection, settlements)
        unsettled = refused | unstorable | hindered.keys()  # those in the middle are given back with what is left
        counts: dict[str, int] = {}
        for settlement in settlements:
            if settlement.job_id not in unsettled:
                name = settlement.verdict.name.lower()
                counts[name] = counts.get(name, 0) + 1
                if settlement.verdict in _FINAL:
                    self._tell_failed(settlement, counters[settlement.job_id])
        told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing left to settle"
        if counts or not hindered:  # else it was said when it was tried first
            self._log.info("jobs of %s (%s): %s", death.who, death.how, told)
        for error in hindered.values():  # before anything is given back: these jobs have run
            raise error

    def _tell_failed(self, settlement: Settlement, counters: JobCounters) -> None:
        job = FailedJob(
            id=UUID(bytes=settlement.job_id),
            job_type=counters.job_type,
            queue=counters.queue,
            attempt=counters.attempts + 1,
            max_retries=counters.policy.most_runs(counters.max_retries),
            trace_id=counters.trace_id,
            error=settlement.error or "",
        )
        tell_failed(self._job_log, job, settlement.started_ns)

    def _read_charges(self, connection: Connection[Any], ids: Sequence[bytes]) -> dict[bytes, JobCounters]:
        rows = connection.execute(self._counters, {"ids": UuidArray(ids)}).fetchall()
        return {
            job_id.bytes: JobCounters(
                job_type,
                attempts,
                crashes=crashes,
                max_retries=max_retries,
                policy=RetryPolicy.stored(kind, delay),
                suspect=suspect,
                queue=queue,
                trace_id=trace_id,
            )
            for job_id, job_type, attempts, crashes, max_retries, kind, delay, suspect, queue, trace_id in rows
        }
