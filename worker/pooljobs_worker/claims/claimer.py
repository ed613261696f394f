"""Takes jobs: one statement a batch. Called by the loops when they have room."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection

from pooljobs.db.error_classes import too_large
from pooljobs.db.statements import Statements
from pooljobs.job.paused import NOTHING
from pooljobs.scoreboard import Slot
from pooljobs.settings import BATCH_BYTES
from pooljobs_worker.claims.claim_statement import ClaimAnswer, ClaimStatement
from pooljobs_worker.claims.claimed_job import ClaimedJob, suspects_last
from pooljobs_worker.claims.foreign_jobs import ForeignJobs
from pooljobs_worker.claims.give_back import GivesBack
from pooljobs_worker.claims.lanes import Lanes
from pooljobs_worker.claims.passed_over import passed_over
from pooljobs_worker.claims.paused_jobs import PausedJobs
from pooljobs_worker.claims.refused_shapes import RefusedShapes
from pooljobs_worker.session.worker_session import DatabaseSession

NO_PAYLOADS: Final = -1
"""The longest payload of a claim that brings none: no payload is as short."""


class WorkerReapedError(Exception):
    """The database counts this worker as dead: its lease ran out, and what it held runs elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersJobs:
    """What of the jobs in the queues is not for this worker, and what becomes of it if it was claimed."""

    foreign_jobs: ForeignJobs
    refused_shapes: RefusedShapes
    paused_jobs: PausedJobs
    gives_back: GivesBack


class Claimer:
    """Claims for one worker. The token of a claim whose reply was lost is remembered until that claim is released."""

    def __init__(
        self,
        session: DatabaseSession,
        statements: Statements,
        *,
        lanes: Lanes,
        others_jobs: OthersJobs,
        slot: Slot,
        most_bytes: int = BATCH_BYTES,
    ) -> None:
        """``most_bytes``: of all payloads that come with one claim."""
        self._session = session
        self._claim = ClaimStatement(statements, most_bytes)
        self._reread = statements.load("reread_claim")
        self._release = statements.load("release_claim")
        self._all_lanes = lanes
        self._lanes: Lanes | None = lanes
        """Of the queues that are not paused."""
        self._paused = NOTHING
        self._others_jobs = others_jobs
        self._slot = slot
        self._unanswered: int | None = None
        self._too_large = 0

    def claim(self, limit: int) -> list[ClaimedJob]:
        """Up to ``limit`` jobs, in the order in which to run them; empty when nothing is due.

        Raises:
            WorkerReapedError: This worker is dead to the database; register anew.
            GaveUpError: The database was away, and the worker is to leave.
        """
        while (jobs := self._session.run(lambda connection: self._try(connection, limit))) is None:
            pass  # what was found was not for this worker, or more than an answer holds: the next claim knows
        return jobs

    def seconds_to_sweep(self) -> float | None:
        """How long until lanes are to be looked through from their start; None when all were empty."""
        return None if self._lanes is None else self._lanes.seconds_to_sweep(time.monotonic())

    def forget_floors(self, *, behind: bool = False) -> None:
        """Looks through all lanes at the next claim; if that is dear, only where jobs have come back ``behind``."""
        if self._lanes is not None:
            self._lanes.forget(behind=behind)

    def _try(self, connection: Connection[Any], limit: int) -> list[ClaimedJob] | None:
        """None if the next claim is to follow at once."""
        if self._unanswered is not None:
            connection.execute(self._release, {"worker_id": self._slot.worker_id, "token": self._unanswered})
            self._unanswered = None
        if (lanes := self._open_lanes(connection)) is None:
            return []
        smaller = max(1, limit >> max(0, self._too_large - 1))
        try:
            jobs = self._take(connection, lanes, smaller)
        except psycopg.Error as error:
            if not too_large(error) or (self._too_large and smaller == 1):
                raise
            self._too_large += 1  # first without payloads, which are fetched one by one; then of half as many jobs
            return None
        self._too_large = 0
        return jobs

    def _open_lanes(self, connection: Connection[Any]) -> Lanes | None:
        """The lanes to claim from. Where other queues or types are paused than before, all are looked through anew:
        what was resumed lies behind the floors.
        """
        paused = self._others_jobs.paused_jobs.on(connection)
        if paused is not self._paused:
            self._paused, self._lanes = paused, self._all_lanes.without(paused.queues)
        return self._lanes

    def _take(self, connection: Connection[Any], lanes: Lanes, limit: int) -> list[ClaimedJob] | None:
        """None if jobs were found, and none of them was for this worker."""
        began = time.monotonic()
        plan = lanes.plan(began)
        self._unanswered = self._slot.claiming = token = secrets.randbits(63)
        others = self._others_jobs
        passing_over = passed_over(others.foreign_jobs, others.refused_shapes, self._paused, began)
        longest = self._longest(limit)
        answer = self._claim.ask(
            connection, self._slot.worker_id, token, limit, plan, passed_over=passing_over, longest=longest
        )
        if answer is None:
            self._unanswered = None
            raise WorkerReapedError
        jobs = self._read(connection, answer, token, longest)
        now = time.monotonic()
        found = answer.floors(jobs)
        lanes.learn(
            plan, found, jobs=len(jobs), full=len(jobs) >= limit, took=now - began, now=now, at=answer.at or b""
        )
        if strangers := others.foreign_jobs.among(jobs, careful=answer.careful is not None):
            # Should this fail, all that this claim took is released.
            given_back = [job for job in jobs if job.job_id in strangers]
            others.gives_back.give_back(connection, given_back, others.foreign_jobs)
            jobs = [job for job in jobs if job.job_id not in strangers]
        kept = self._unless_paused(connection, jobs) if others.paused_jobs.outdated else jobs
        self._unanswered = None
        if strangers and not jobs:
            return None
        return suspects_last(kept) if answer.careful and kept else kept

    def _unless_paused(self, connection: Connection[Any], jobs: list[ClaimedJob]) -> list[ClaimedJob]:
        """Those of the jobs that were not paused while they were claimed; the others go back."""
        paused = self._others_jobs.paused_jobs.on(connection)
        if held := [job for job in jobs if paused.holds(job.queue, job.job_type)]:
            self._others_jobs.gives_back.release(connection, held)
        return [job for job in jobs if not paused.holds(job.queue, job.job_type)]

    def _longest(self, limit: int) -> int:
        """Bytes that a payload may have to come with the claim."""
        return NO_PAYLOADS if self._too_large else self._claim.longest_payload(limit)

    def _read(self, connection: Connection[Any], answer: ClaimAnswer, token: int, longest: int) -> list[ClaimedJob]:
        try:
            return answer.jobs(token)
        except orjson.JSONDecodeError:
            return self._read_one_by_one(connection, answer, token, longest)

    def _read_one_by_one(
        self, connection: Connection[Any], answer: ClaimAnswer, token: int, longest: int
    ) -> list[ClaimedJob]:
        """A payload orjson cannot read (PostgreSQL holds more than it) must fail its own job and no other."""
        claim = {"worker_id": self._slot.worker_id, "token": token, "most_bytes": longest}
        rows = connection.execute(self._reread, claim).fetchall()
        return answer.marked([_strange(row, token) for row in rows])


def _strange(row: tuple[Any, ...], token: int) -> ClaimedJob:
    job_id, fence, job_type, text, attempts, max_retries, queue, priority, trace_id = row
    job = ClaimedJob(UUID(job_id).bytes, fence, token, job_type, None, attempts, max_retries, queue, priority, trace_id)
    if text is not None:
        job.read(text)
    return job
