"""Who is there, what each is doing and what memory it takes, in lines for the log. Asked for by SIGUSR1.

Pids, places and ages come from the supervisor's own books; the rest is read from the scoreboard, as the children wrote
it there, and from the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from pooljobs.scoreboard import EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_supervisor.fleet.children import ChildRecord, Children
from pooljobs_supervisor.forking.memory import in_megabytes, proportional
from pooljobs_supervisor.zygote.books import ZygoteRecord, Zygotes

_COUNTERS = ("claimed", "completed", "failed", "retried", "released", "lost")

MemoryOf = Callable[[int], int | None]


def muster(
    children: Children, zygotes: Zygotes, board: Scoreboard, now: float, memory_of: MemoryOf = proportional
) -> list[str]:
    """One line for the fleet, one for each child, and one for the memory of all. ``now`` is monotonic seconds."""
    states = [slot.state for slot in board]
    free, dead = states.count(SlotState.FREE), states.count(SlotState.DEAD)
    head = f"{len(children.workers)} of {children.procs} workers; {len(board)} slots, {free} free, {dead} dead"
    everybody = sorted(children.all, key=lambda child: (child.place.role is Role.STEWARD, child.place.ordinal))
    sizes = {
        pid: memory_of(pid) for pid in (os.getpid(), *(child.pid for child in everybody), *(z.pid for z in zygotes.all))
    }
    told = partial(_line, generation=children.generation, now=now)
    return [
        head,
        *(f"{told(child, board.slot(child.slot))}{_size(sizes[child.pid])}" for child in everybody),
        *(f"{_zygote(zygote, now)}{_size(sizes[zygote.pid])}" for zygote in zygotes.all),
        *_in_all(sizes),
    ]


def _line(child: ChildRecord, slot: Slot, *, generation: int, now: float) -> str:
    told = f"{child.place!s:<10} pid {child.pid:<7} {slot.state.name.lower():<7} up {now - child.born:.0f} s"
    if child.place.role is Role.STEWARD:
        return told
    told += " with the old code" if child.generation < generation else ""
    held = slot.held()
    running = sum(job.state is EntryState.RUNNING for job in held)
    counts = ", ".join(f"{name} {getattr(slot, name)}" for name in _COUNTERS)
    activity = slot.activity.name.lower().replace("_", " ")
    return f"{told}, {activity}: holds {len(held)}, runs {running}; {counts}"


def _zygote(zygote: ZygoteRecord, now: float) -> str:
    state = "loading" if zygote.ready_at is None else "ready"
    return f"{'zygote':<10} pid {zygote.pid:<7} {state:<7} up {now - zygote.born:.0f} s"


def _size(size: int | None) -> str:
    return "" if size is None else f"; memory {in_megabytes(size)}"


def _in_all(sizes: dict[int, int | None]) -> list[str]:
    """What the fleet takes: each page counts once, by shares; nothing where the system does not tell."""
    known = [size for size in sizes.values() if size is not None]
    own = sizes[os.getpid()]
    if own is None:
        return ["memory is told on Linux only"]
    return [f"memory in all {in_megabytes(sum(known))}, {in_megabytes(own)} of it the supervisor's"]
