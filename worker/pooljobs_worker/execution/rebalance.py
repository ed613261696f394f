"""Gives back jobs that wait behind a slow one of their batch, so that others run them, and those that
were paused. Called by the flusher's thread, since the main thread may be in that slow one's handler.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pooljobs.job.paused import Paused
from pooljobs.job.verdict import Settlement
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Slot, SlotState, Wanted
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.execution.admission import release_unstarted
from pooljobs_worker.execution.backlog import UnstartedJobs

PATIENCE_NS = 500_000_000
"""Nanoseconds for which claimed jobs may wait: several times what a batch is meant to take."""


class SettlesJobs(Protocol):
    """The part of ``Settler`` that is used here."""

    def add(self, settlement: Settlement, entry: int) -> None:
        """Takes one in."""

    def flush(self) -> None:
        """Settles what was taken in."""


def overdue(now_ns: int, taken_ns: int, begun_ns: int, sibling_idles: Callable[[], bool]) -> bool:
    """Whether the jobs that wait should go back.

    They should when none has begun for a while, whoever may take them, in this host or another. While they begin one
    after the other, and only the batch is long, they should if somebody here has nothing to do.
    """
    if now_ns - begun_ns > PATIENCE_NS:
        return True
    return now_ns - taken_ns > PATIENCE_NS and sibling_idles()


class Rebalancer:
    """Looks at one worker's backlog. In a drain only pauses count: what else was claimed is to be finished then."""

    def __init__(
        self,
        child: Child,
        settler: SettlesJobs,
        *,
        backlog: UnstartedJobs,
        paused: Callable[[], Paused],
        given_back: Callable[[Sequence[ClaimedJob]], None],
    ) -> None:
        self._child = child
        self._settler = settler
        self._backlog = backlog
        self._paused = paused
        self._given_back = given_back

    def look(self, now_ns: int) -> None:
        """Gives back what waits, if it has waited too long, is to be given back anyhow, or some of it is paused; and
        wakes the others.

        Raises:
            GaveUpError: The settlements are still with the settler.
        """
        backlog, wanted = self._backlog, self._child.slot.wanted
        if not backlog.jobs:
            return
        if self._pauses_some() or wanted is Wanted.RELEASE or (wanted is Wanted.RUN and self._overdue(now_ns)):
            jobs = backlog.empty()
            for job in jobs:
                self._settler.add(release_unstarted(self._child.slot, job), job.entry)
            self._given_back(jobs)
            self._settler.flush()
            self._wake_all()

    def _pauses_some(self) -> bool:
        """All go back then: what is not paused is claimed again in no time."""
        paused = self._paused()
        return bool(paused) and any(paused.holds(job.queue, job.job_type) for job in self._backlog.waiting())

    def _overdue(self, now_ns: int) -> bool:
        return overdue(now_ns, self._backlog.taken_ns, self._backlog.begun_ns, self._sibling_idles)

    def _sibling_idles(self) -> bool:
        return any(slot.idle_since_ns and _serves(slot) for slot in self._child.board if slot is not self._child.slot)

    def _wake_all(self) -> None:
        """This worker too: it has passed these jobs, and would not see them before its next sweep."""
        self._child.board.returned_ns = time.monotonic_ns()
        for slot in self._child.board:
            if _serves(slot):
                slot.wake()


def _serves(slot: Slot) -> bool:
    return slot.state is SlotState.READY and slot.role is Role.WORKER and slot.wanted is Wanted.RUN
