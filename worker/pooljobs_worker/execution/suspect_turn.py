"""Decides when a suspect may run in this fleet: one at a time, and while enough workers are up.

A suspect is a job that ran when its process died, or one whose type is under suspicion since another job of it did
(``suspect_types.py``): of a dozen new jobs that all end their process only the first few come unexpected. Alone in its
worker a suspect takes nobody with it, but a dozen of them would take all workers down at the same time, and the rest of
the queue would wait. So a worker that is to begin one looks at the others of its board first, and gives it back for a
while if another runs one, or if so many are dead or booting that, with this one gone too, fewer than half remain.

Nobody locks: a worker says on the board that it runs a suspect, then looks again whether another said so meanwhile, in
which case both make way. What it said stays there when it dies, until the steward has put the crash on record. Nobody
waits for anybody longer than ``LONGEST``: what has run for so long brings few workers down a minute, and a child that
boots for longer may never come up.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState
from pooljobs_worker.claims.claimed_job import ClaimedJob, suspects_last

LONGEST = 30.0
"""Seconds."""

_LONGEST_NS = int(LONGEST * 1e9)

SOONEST = 0.05
EACH = 0.25
"""Seconds that a suspect which may not run stays away: at least so many, and up to as many more for each that is given
back with it. That is about how long each takes that crashes, so that they do not all come back at once. Half of the
time that the one has run which is in the way comes on top: a long run is not asked after for ever. One that is suspect
by its type stays away for no longer than the suspicion is old: mostly the next good job of the type ends it at once."""


def free(others: Iterable[Slot], own: int, now_ns: int) -> bool:
    """Whether a worker may begin a suspect. ``own``: its ordinal; ``others``: the slots of the board but its own."""
    up, down = {own}, set()
    for slot in others:
        state = slot.state
        if slot.role is not Role.WORKER or state is SlotState.FREE:
            continue
        if state is SlotState.READY:
            up.add(slot.ordinal)
            if slot.suspect_since_ns and now_ns - slot.suspect_since_ns < _LONGEST_NS:
                return False
        elif now_ns - (slot.heartbeat_ns if state is SlotState.BOOTING else slot.died_ns) < _LONGEST_NS:
            if state is SlotState.DEAD and slot.suspect_since_ns:
                return False
            down.add(slot.ordinal)
    return len(up) - 1 >= len(up | down) // 2


class SuspectTurn:
    """One worker's view; its methods may be called from any thread."""

    def __init__(self, board: Scoreboard, slot: Slot) -> None:
        self._others = [other for other in board if other is not slot]
        self._slot = slot
        self._types = board.suspect_types

    def marked(self, jobs: list[ClaimedJob]) -> list[ClaimedJob]:
        """A claimed batch, in the order in which to run it: jobs of types under suspicion are suspects from here on."""
        now_ns = time.monotonic_ns()
        if not self._types.any(now_ns):
            return jobs
        suspect = {name for name in {job.job_type for job in jobs} if self._types.since(name, now_ns)}
        if not suspect:
            return jobs
        for job in jobs:
            if job.job_type in suspect and not job.suspect:
                job.suspect = job.by_type = True
        return suspects_last(jobs)

    def look_again(self, job: ClaimedJob) -> None:
        """A job that is about to begin is no suspect any more, if its type was all that spoke against it."""
        if job.by_type and not self._types.since(job.job_type, time.monotonic_ns()):
            job.suspect = job.by_type = False

    def came_back(self, job: ClaimedJob, started_ns: int) -> None:
        """The handler of this job has ended, and this process is still there: that clears its type."""
        if self._types.any(started_ns):
            self._types.clear(job.job_type)

    def free(self) -> bool:
        """Whether a suspect might begin now."""
        return free(self._others, self._slot.ordinal, time.monotonic_ns())

    def take(self) -> bool:
        """Begins the turn, if it is free; then ``leave`` must follow, or this process's end."""
        if not self.free():
            return False
        self._slot.suspect_since_ns = time.monotonic_ns()
        if self.free():
            return True
        self.leave()
        return False

    def leave(self) -> None:
        """Ends the turn: the suspect has run, and this process is still there."""
        self._slot.suspect_since_ns = 0

    def away(self, job: ClaimedJob, count: int) -> float:
        """Seconds for which a suspect stays away that is given back with as many as make ``count``."""
        now_ns = time.monotonic_ns()
        begun = [slot.suspect_since_ns for slot in self._others if slot.suspect_since_ns]
        ran = min(now_ns - min(begun, default=now_ns), _LONGEST_NS) / 1e9
        seconds = random.random() * EACH * count + ran / 2
        if job.by_type:
            since_ns = self._types.since(job.job_type, now_ns) or now_ns
            seconds = min(seconds, random.random() * (now_ns - since_ns) / 1e9)
        return SOONEST + seconds
