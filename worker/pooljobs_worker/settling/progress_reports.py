"""How far this worker's jobs are, on its way to the database: the newest of each job, once a second at most.

Nothing of it waits: a report that cannot be stored now is stored a second later, with whatever is newer by then. Until
a handler reports, nobody looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs.job.job_progress import JobProgress
from pooljobs.scoreboard import Slot
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.session.worker_session import GaveUpError, WorkerSession

PAUSE: Final = 1.0
"""Seconds between two statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reported:
    """A job's newest report. No more of the job is kept than tells whether it still runs."""

    job_id: bytes
    entry: int
    token: int
    report: JobProgress
    at: float


class ProgressReports:
    """One worker's. Handlers report from any thread; the flusher's thread looks."""

    def __init__(
        self,
        session: WorkerSession,
        statements: Statements,
        *,
        slot: Slot,
        looked_at: Callable[[Callable[[], None]], None],
        log: logging.Logger,
    ) -> None:
        """``looked_at`` has something looked at while handlers run: called with the first report."""
        self._session = session
        self._write = statements.load("write_progress")
        self._slot = slot
        self._looked_at = looked_at
        self._refusals = RefusalLog(log)
        self._newest: dict[bytes, _Reported] = {}
        self._looked = self._changed = False
        self._next = 0.0

    def take(self, job: ClaimedJob, report: JobProgress) -> None:
        """Keeps it in the place of the job's last one. A handler may be interrupted anywhere in here."""
        self._newest[job.job_id] = _Reported(
            job_id=job.job_id, entry=job.entry, token=job.token, report=report, at=time.monotonic()
        )
        self._changed = True  # afterwards: a look in between takes the report along
        if not self._looked:
            self._looked_at(self.look)
            self._looked = True  # afterwards too: to be looked at twice does no harm

    def look(self) -> None:
        """Stores what is new, if it is time, and takes away what has ended."""
        now = time.monotonic()
        if now < self._next or not (self._newest or self._changed):
            return
        changed, self._changed = self._changed, False  # first: what is said from here on is new the next time
        reported = self._newest.copy()
        running = {(job.entry, job.token) for job in self._slot.running()}
        ended = [each for each in reported.values() if (each.entry, each.token) not in running]
        if not (changed or ended):
            return
        self._next = now + PAUSE
        for each in ended:
            del reported[each.job_id]
            if self._newest.get(each.job_id) is each:
                self._newest.pop(each.job_id, None)
        if not self._store(list(reported.values()), now):
            self._changed = True

    def _store(self, reported: list[_Reported], now: float) -> bool:
        values = {
            "worker_id": self._slot.worker_id,
            "ids": [each.job_id.hex() for each in reported],
            "tokens": [each.token for each in reported],
            "dones": [each.report.done for each in reported],
            "totals": [each.report.total for each in reported],
            "notes": [each.report.note for each in reported],
            "ages": [now - each.at for each in reported],
        }
        try:
            return self._session.run(lambda connection: self._try(connection, values), give_up=_at_once)
        except GaveUpError:
            return False

    def _try(self, connection: Connection[Any], values: dict[str, Any]) -> bool:
        """That this one table is closed must not hinder anything."""
        try:
            connection.execute(self._write, values)
        except psycopg.Error as error:
            if kind_of(error) is not ErrorKind.REFUSED:
                raise
            self._refusals.refused(error, "nobody sees how far jobs are")
            return False
        return True


def _at_once() -> bool:
    return True
