"""Decides whether a claimed job may begin, and what becomes of one that may not. Asked by the executors and the
rebalancer.
"""

from __future__ import annotations

import time

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.scoreboard import EntryState, Slot, Wanted
from pooljobs.scoreboard.layout import At
from pooljobs_worker.claims.claimed_job import LEFT_OUT, ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.execution.backlog import UnstartedJobs
from pooljobs_worker.execution.suspect_turn import SuspectTurn

_RELEASE = int(Wanted.RELEASE)
_WANTED, _LEASED_UNTIL = int(At.WANTED), int(At.LEASED_UNTIL_NS)


def release_unstarted(slot: Slot, job: ClaimedJob, *, delay: float | None = None) -> Settlement:
    """Given back at no cost, for others or for ``delay`` seconds later; cancelled where that was asked of it."""
    if slot.give_back(job.entry, job.token):
        return job.settled(Verdict.RELEASED, delay=delay)
    return job.cancelled_unrun()


def unfinished(settlement: Settlement) -> EntryState:
    """How the scoreboard is to show a job that was dispatched and not completed, until that is stored.

    One whose handler was not called (nobody here knows its type, or its payload was refused) must not be charged a run
    if its worker dies before.
    """
    return EntryState.FAILED if settlement.started_ns else EntryState.GIVEN_BACK


class Admission:
    """The concurrent executor asks it before each job; any thread."""

    def __init__(self, components: Components, turn: SuspectTurn, backlog: UnstartedJobs) -> None:
        self._slot = components.child.slot
        self._words = components.child.slot.words  # what is looked at before each job is read without the descriptors
        self._turn = turn
        self._start_record = components.start_record
        self._large_payloads = components.large_payloads
        self._backlog = backlog

    def refused(self, job: ClaimedJob) -> Settlement | None:
        """The settlement of a job that must not begin; None for one that may. Waits only where a run is announced, or
        a payload was left out by the claim.

        A suspect that may begin has the fleet's turn from here on, and leaves it when it has ended.
        """
        slot, words = self._slot, self._words
        if words[_WANTED] == _RELEASE or time.monotonic_ns() > words[_LEASED_UNTIL]:
            return release_unstarted(slot, job)
        if slot.cancel_asked(job.entry, job.token):
            return job.cancelled_unrun()
        if job.payload is LEFT_OUT and not self._large_payloads.bring(job, self._backlog.waiting()):
            return release_unstarted(slot, job)
        if job.suspect and not self._turn.take():
            return release_unstarted(slot, job, delay=self._turn.away(job, 1))
        if job.losses and not self._start_record.may_begin(job):
            if job.suspect:
                self._turn.leave()
            return release_unstarted(slot, job)
        return None
