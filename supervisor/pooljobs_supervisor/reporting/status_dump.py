"""Who is there, what each is doing and what memory it takes, in lines for the log. Asked for by SIGUSR1.

Pids, positions and ages come from the supervisor's own books; the rest is read from the scoreboard, as the children
wrote it there, and from the kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from uuid import UUID

from pooljobs.scoreboard import EntryState, HeldJob, Role, Scoreboard, Slot, SlotState
from pooljobs_supervisor.fleet.children import ChildRecord, Children
from pooljobs_supervisor.forking.memory import in_megabytes, proportional
from pooljobs_supervisor.zygote.zygote_state import ZygoteRecord, Zygotes

MOST_RUNS = 20
"""Jobs of one worker that are named."""

_COUNTERS = ("claimed", "completed", "failed", "retried", "released", "lost")

MemoryOf = Callable[[int], int | None]


def status_lines(
    children: Children, zygotes: Zygotes, board: Scoreboard, now: float, memory_of: MemoryOf = proportional
) -> list[str]:
    """One line for the fleet, one for each child and each job that it runs, and one for the memory of all.

    ``now`` is monotonic seconds.
    """
    states = [slot.state for slot in board]
    free, dead = states.count(SlotState.FREE), states.count(SlotState.DEAD)
    head = f"{len(children.workers)} of {children.procs} workers; {len(board)} slots, {free} free, {dead} dead"
    everybody = sorted(children.all, key=lambda child: (child.position.role is Role.STEWARD, child.position.ordinal))
    sizes = {
        pid: memory_of(pid) for pid in (os.getpid(), *(child.pid for child in everybody), *(z.pid for z in zygotes.all))
    }

    def of_child(child: ChildRecord) -> list[str]:
        slot = board.slot(child.slot)
        line = _line(child, slot, generation=children.generation, now=now)
        return [f"{line}{_size(sizes[child.pid])}", *_runs(child, slot, now)]

    return [
        head,
        *(line for child in everybody for line in of_child(child)),
        *(f"{_zygote(zygote, now)}{_size(sizes[zygote.pid])}" for zygote in zygotes.all),
        *_in_all(sizes),
    ]


def _line(child: ChildRecord, slot: Slot, *, generation: int, now: float) -> str:
    told = f"{child.position!s:<10} pid {child.pid:<7} {slot.state.name.lower():<7} up {now - child.forked:.0f} s"
    if child.position.role is Role.STEWARD:
        return told
    told += " with the old code" if child.generation < generation else ""
    held = slot.held()
    running = sum(job.state is EntryState.RUNNING for job in held)
    counts = ", ".join(f"{name} {getattr(slot, name)}" for name in _COUNTERS)
    activity = slot.activity.name.lower().replace("_", " ")
    return f"{told}, {activity}: holds {len(held)}, runs {running}; {counts}"


def _runs(child: ChildRecord, slot: Slot, now: float) -> list[str]:
    """What a worker runs, and for how long: the longest runs first, a line each."""
    running = sorted(slot.running(), key=lambda job: job.started_ns)
    names = slot.job_types
    lines = [
        f"{child.position!s:<10} runs {UUID(bytes=job.job_id)} ({_type(job, names)})"
        f" for {max(0.0, now - job.started_ns / 1e9):.1f} s"
        for job in running[:MOST_RUNS]
    ]
    more = len(running) - len(lines)
    return [*lines, f"{child.position!s:<10} runs {more} more"] if more > 0 else lines


def _type(job: HeldJob, names: Sequence[str]) -> str:
    """Its type; unknown where the worker's code does not know it, or has more types than there is room for."""
    return names[job.type_number - 1] if 0 < job.type_number <= len(names) else "type unknown"


def _zygote(zygote: ZygoteRecord, now: float) -> str:
    state = "loading" if zygote.ready_at is None else "ready"
    return f"{'zygote':<10} pid {zygote.pid:<7} {state:<7} up {now - zygote.forked:.0f} s"


def _size(size: int | None) -> str:
    return "" if size is None else f"; memory {in_megabytes(size)}"


def _in_all(sizes: dict[int, int | None]) -> list[str]:
    """What the fleet takes: each page counts once, by shares; nothing where the system does not tell."""
    known = [size for size in sizes.values() if size is not None]
    own = sizes[os.getpid()]
    if own is None:
        return ["memory is told on Linux only"]
    return [f"memory in all {in_megabytes(sum(known))}, {in_megabytes(own)} of it the supervisor's"]
