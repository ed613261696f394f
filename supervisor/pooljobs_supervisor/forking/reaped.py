"""What is written down of a child that has ended: in its slot for the steward, and for those who tell or decide."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pooljobs.scoreboard import Slot, SlotState, Wanted
from pooljobs_supervisor.fleet.children import ChildRecord
from pooljobs_supervisor.forking.exit_watch import ChildExit


@dataclass(frozen=True, slots=True)
class ReapedChild:
    """A child that has ended: how, with how many jobs in its hands, and what had been asked of it."""

    child: ChildRecord
    status: int
    held: int
    killed: bool
    wanted: Wanted


def write_on(slot: Slot, end: ChildExit, *, out_of_memory: bool) -> None:
    """Leave word of an end for the steward; the state goes last."""
    slot.exit_status = end.status
    slot.out_of_memory = int(out_of_memory)
    slot.died_ns = time.monotonic_ns()
    if end.usage is not None:
        slot.cpu_us = int(end.usage.cpu_seconds * 1e6)
        slot.peak_memory = end.usage.peak_memory
    slot.state = SlotState.DEAD
