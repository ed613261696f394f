"""When a worker has worked long enough to be replaced by a fresh one. A watcher; the replacing is ``plan.py``'s.

Judged from outside, by what the worker's slot and the kernel say: a worker that is busy, or whose handlers hold the
interpreter, cannot forget it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pooljobs.scoreboard import Slot
from pooljobs_supervisor.fleet.actions import Retire
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK

EARLIEST = 0.8
"""Share of the limits at which the first workers go. Each has a share of its own, or all would go at once."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int) -> int:
    """Bytes of memory that a process has now; 0 where there is no /proc to tell, or no such process."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class RecyclingLimits:
    """What a worker may run and use before it is replaced; 0 for no limit."""

    jobs: int = 0
    memory: int = 0
    """Bytes."""

    def passed(self, pid: int, slot: Slot, memory_of: Callable[[int], int] = resident) -> str | None:
        """Why this worker is to be replaced, in words; None if it is not. One that ran nothing yet never is."""
        done = slot.completed + slot.failed + slot.retried
        if not done:
            return None
        share = Random(pid).uniform(EARLIEST, 1.0)
        if self.jobs and done >= self.jobs * share:
            return f"has run {done} jobs"
        if self.memory and (used := memory_of(pid)) >= self.memory * share:
            return f"uses {used / 1e6:.0f} MB"
        return None


class Recycling:
    """Has worn workers replaced, one at a time."""

    def __init__(self, fleet: FleetState, limits: RecyclingLimits) -> None:
        self.limits = limits
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle

    def check(self, _now: float) -> list[Retire]:
        """The first worker that has passed a limit, if none is being replaced."""
        if self._lifecycle.stage is not LifecycleStage.SERVE or self._children.retiring:
            return []
        for child in self._children.workers:
            if child.ready_at is not None and (why := self.limits.passed(child.pid, self._board.slot(child.slot))):
                return [Retire(child, why)]
        return []

    def next_check(self, _now: float) -> float:
        """Limits are not sharp: the idle tick will do."""
        return IDLE_TICK
