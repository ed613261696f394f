"""Who is there and what each is doing, in lines for the log. Asked for by SIGUSR1.

Pids, places and ages come from the supervisor's own books; the rest is read from the scoreboard, as the children wrote
it there.
"""

from __future__ import annotations

from pooljobs.scoreboard import EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_supervisor.children import ChildRecord, Children

_COUNTERS = ("claimed", "completed", "failed", "retried", "released", "lost")


def muster(children: Children, board: Scoreboard, now: float) -> list[str]:
    """One line for the fleet, then one for each child. ``now`` is monotonic seconds."""
    states = [slot.state for slot in board]
    free, dead = states.count(SlotState.FREE), states.count(SlotState.DEAD)
    head = f"{len(children.workers)} of {children.procs} workers; {len(board)} slots, {free} free, {dead} dead"
    everybody = sorted(children.all, key=lambda child: (child.place.role is Role.STEWARD, child.place.ordinal))
    return [head, *(_line(child, board.slot(child.slot), children.generation, now) for child in everybody)]


def _line(child: ChildRecord, slot: Slot, generation: int, now: float) -> str:
    told = f"{child.place!s:<10} pid {child.pid:<7} {slot.state.name.lower():<7} up {now - child.born:.0f} s"
    if child.place.role is Role.STEWARD:
        return told
    told += " with the old code" if child.generation < generation else ""
    held = slot.held()
    running = sum(job.state is EntryState.RUNNING for job in held)
    counts = ", ".join(f"{name} {getattr(slot, name)}" for name in _COUNTERS)
    activity = slot.activity.name.lower().replace("_", " ")
    return f"{told}, {activity}: holds {len(held)}, runs {running}; {counts}"
