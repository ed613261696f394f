"""Gives suspects back that cannot run here, at once or when they have waited too long. For the concurrent executor."""

from __future__ import annotations

from pooljobs.scoreboard import Wanted
from pooljobs.scoreboard.wake import OWN
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.components import Components
from pooljobs_worker.execution.admission import release_unstarted
from pooljobs_worker.execution.capacity import Capacity
from pooljobs_worker.execution.suspect_turn import SuspectTurn


class SuspectReturns:
    """One worker's."""

    def __init__(self, components: Components, turn: SuspectTurn, capacity: Capacity) -> None:
        self._slot = components.child.slot
        self._settler = components.settler
        self._paused_jobs = components.paused_jobs
        self._turn = turn
        self._capacity = capacity

    def admitted(self, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
        """All of a claimed batch, but suspects only while one may run: nothing is to wait for who could not begin
        anyway. Of those that are suspects for their type alone, one: it may clear them all.
        """
        if not jobs[-1].suspect:  # suspects come last
            return jobs
        suspects = sum(job.suspect for job in jobs)
        admitted = (suspects - sum(job.by_type for job in jobs) or 1) if self._turn.free() else 0
        kept = len(jobs) - suspects + admitted
        for job in jobs[kept:]:
            self._settler.add(release_unstarted(self._slot, job, delay=self._turn.away(job, suspects)), job.entry)
        return jobs[:kept]

    def look(self) -> None:
        """Gives those back that would wait too long to be alone, that are to be given back anyhow, or are paused."""
        wanted = self._slot.wanted
        back, away = self._capacity.suspects_to_give_back(at_once=wanted is Wanted.RELEASE or self._pauses_some())
        delay = away if wanted is Wanted.RUN else None  # who leaves will not claim them again himself
        for job in back:
            self._settler.add(release_unstarted(self._slot, job, delay=delay), job.entry)
        if back:
            self._capacity.suspects_left(len(back))
            self._slot.wake(OWN)

    def _pauses_some(self) -> bool:
        waiting = self._capacity.suspects
        if not waiting:
            return False
        paused = self._paused_jobs.through(self._settler.session)
        return any(paused.holds(job.queue, job.job_type) for job in waiting)
