"""Fails due jobs whose type no living worker declares, wherever, and has not for ``--unknown-after``. A chore.

Only where a worker of this host has met a job that is not for its code; whoever did has left it to others. No index
names a job's type, so a look walks through what is due: a part at a time, and paced by what that costs.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.statements import Statements
from pooljobs.job.type_names import some
from pooljobs.logs.job_log import JobLog
from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs.settings import WorkerSettings
from pooljobs_steward.failed_jobs import FailedJob, tell_failed

MOST: Final = 2000
"""Jobs that one look goes through, and so the most that it fails."""

SHARE_OF_USE, SHARE_IN_VAIN = 0.01, 0.002
"""Of the time, what looks may take that fail something, and those that walk past what somebody else knows."""

SHORTEST, LONGEST = 0.1, 30.0
"""Seconds between the end of one walk and the next: bounds of a twentieth of ``--unknown-after``."""

_START: Final = {"queue_number": 1, "level": -4, "run_at": "-infinity", "id": UUID(int=0)}


class UnknownTypes:
    """One fleet's looks, and how far the walk has come."""

    def __init__(
        self,
        statements: Statements,
        board: Scoreboard,
        *,
        settings: WorkerSettings,
        log: logging.Logger,
        most: int = MOST,
    ) -> None:
        self._fail = statements.load("fail_unknown")
        self._partitions = statements.load("make_partitions")
        self._board = board
        self._seconds = settings.unknown_after
        self._parameters = {"queues": list(settings.queues), "seconds": settings.unknown_after, "most": most}
        self._position: dict[str, Any] = _START
        self._log = log
        self._job_log = JobLog(log, settings.log_jobs)
        self._price = 0.0

    def look(self, connection: Connection[Any]) -> float:
        """The next part of the walk, if there is a reason for one; the seconds until the one after it."""
        if not self._seconds or not self._met():
            self._position, self._price = _START, 0.0
            return self.pause()
        began = time.monotonic()
        try:
            row = self._next(connection)
        except pg.CheckViolation as error:
            if error.diag.constraint_name:  # one of ours; "no partition found for row" names none
                raise
            connection.execute(self._partitions)
            row = self._next(connection)
        took = time.monotonic() - began
        *position, job_types, counts, told = row
        self._price = took / (SHARE_OF_USE if job_types else SHARE_IN_VAIN)
        for job in FailedJob.of_rows(told):
            tell_failed(self._job_log, job)
        self._position = _START if position[0] is None else dict(zip(_START, position, strict=True))
        if job_types:
            self._log.warning(
                "jobs failed for good whose type no living worker declares: %d of %s", sum(counts), some(job_types)
            )
        return self.pause()

    def pause(self) -> float:
        """Seconds until the next look."""
        if self._position is not _START:
            return self._price
        return max(self._price, min(max(self._seconds / 20, SHORTEST), LONGEST))

    def _met(self) -> bool:
        return any(
            slot.foreign_types for slot in self._board if slot.state is SlotState.READY and slot.role is Role.WORKER
        )

    def _next(self, connection: Connection[Any]) -> tuple[Any, ...]:
        """Joined by hash, which the pinned settings forbid: there may be as many types as jobs."""
        with connection.transaction():
            connection.execute("SET LOCAL enable_hashjoin = on")
            asked = self._parameters | self._position
            row: tuple[Any, ...] | None = connection.execute(self._fail, asked, prepare=True).fetchone()
        assert row is not None
        return row
