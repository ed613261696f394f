"""Gives back claimed jobs that are not for this worker, or that were paused meanwhile, at no cost to them. Of the first
it tells those who may know them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.job.flags import UNKNOWN
from pooljobs.job.type_names import some
from pooljobs.job.verdict import Verdict
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Slot, SlotState
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.foreign_jobs import ForeignJobs


class GivesBack:
    """The jobs have not been entered on the scoreboard: to it they were never held, and to its counts never claimed."""

    def __init__(self, statements: Statements, child: Child, log: logging.Logger) -> None:
        self._settling = SettlementBatch(statements)
        self._notify = statements.load("notify_idle")
        self._child = child
        self._log = log

    def give_back(self, connection: Connection[Any], jobs: Sequence[ClaimedJob], foreign_jobs: ForeignJobs) -> None:
        """All of them in one settlement. What is asked of one meanwhile (a cancellation) finds it pending again."""
        new_types = foreign_jobs.learn(jobs)
        slot = self._child.slot
        if foreign_jobs.met_types:
            slot.foreign_types = 1
        if any(job.flags is not None and job.flags & UNKNOWN for job in jobs):
            slot.unknown_flags = UNKNOWN
        self.release(connection, jobs)
        connection.execute(self._notify, {"queues": sorted({job.queue for job in jobs}), "run_ats": None})
        self._wake_others()
        if new_types:
            self._log.info("this worker's code does not know, and leaves to others, jobs of %s", some(new_types))

    def release(self, connection: Connection[Any], jobs: Sequence[ClaimedJob]) -> None:
        """As they are, and without a word to anybody."""
        self._settling.settle(connection, [job.settled(Verdict.RELEASED) for job in jobs])

    def _wake_others(self) -> None:
        """Workers of this host with other code may have passed these jobs while they were held here."""
        ours = self._child.slot
        for slot in self._child.board:
            if slot is not ours and slot.code != ours.code and _works(slot):
                slot.wake()


def _works(slot: Slot) -> bool:
    return slot.state is SlotState.READY and slot.role is Role.WORKER
