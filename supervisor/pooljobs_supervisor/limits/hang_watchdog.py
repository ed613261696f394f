"""When a child hangs for good and is to be killed: a watcher.

A worker that hangs in its boot (an import that waits for ever, threads that a library has replaced) would never serve
and never say so. One that hangs outside any handler (a statement on a connection whose other side has vanished, a
deadlock in a C library) has lost its lease, but would sit in its position for ever; a steward that hangs releases
nobody (its services, which may take long, are looked after by itself). All are judged by what stands on the scoreboard,
which a healthy child changes all the time: an idle one by its heartbeat, one that waits for its database too, in its
boot as well. Before one is killed it is asked where it is, for the log. A worker inside a handler is no business of
this
watcher: that is what time limits are for. Nor is one that was stopped (SIGSTOP, a debugger), or one that the end of a
drain awaits.

Only time in which this process was looking counts. When the whole machine stood still, nobody hung.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import KW_ONLY, dataclass
from math import inf

from pooljobs.process.liveness import stopped
from pooljobs.scoreboard import EntryState, Role, Slot, SlotState
from pooljobs_supervisor.fleet.actions import KillHung, LookInto, TellBoot
from pooljobs_supervisor.fleet.children import SLOW_BOOT, ChildRecord
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK

LEAST = 10.0
"""Seconds without any sign of life, at least; more where a lease is longer."""

_LEAST_STEP, _MOST_STEP = IDLE_TICK / 2, 2 * IDLE_TICK
"""Seconds between two looks: a busy loop need not look more often, and no more than the second count."""


@dataclass(slots=True)
class Watched:
    """What was seen of a child, and for how many seconds of looking it has been so."""

    signs: Hashable
    still: float = 0.0
    _: KW_ONLY
    asked: bool = False
    """It was asked where it is, at the last look."""
    told: bool = False
    """That it starts slowly was told, or is about to be."""


def signs_of_life(slot: Slot) -> Hashable:
    """All that the child itself writes; what the supervisor and the steward write into its slot is left out."""
    counters = (slot.claimed, slot.completed, slot.failed, slot.retried, slot.released, slot.lost, slot.claiming)
    doing = (slot.heartbeat_ns, slot.activity, tuple(slot.backends), slot.worker_id)
    return (*doing, *counters, slot.states.tobytes(), slot.latest_start())


def silence_limit(slot: Slot, job_timeout: float, boot_timeout: float) -> float | None:
    """Seconds after which this child hangs if it shows no sign of life; None if it may be silent."""
    if slot.state is SlotState.BOOTING:
        return boot_timeout if slot.role is Role.WORKER else inf
    if slot.state is not SlotState.READY:
        return None
    if slot.role is Role.STEWARD:
        return max(job_timeout, LEAST)
    return None if EntryState.RUNNING in slot.states.tolist() else max(job_timeout, LEAST)


class HangWatchdog:
    """Has hung children killed. Their jobs, none of which was running, go back at no cost."""

    def __init__(
        self, fleet: FleetState, *, job_timeout: float, boot_timeout: float, stopped: Callable[[int], bool] = stopped
    ) -> None:
        self.job_timeout = job_timeout
        self.boot_timeout = boot_timeout
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._stopped = stopped
        self._watched: dict[int, Watched] = {}
        self._looked: float | None = None

    def check(self, now: float) -> list[LookInto | TellBoot | KillHung]:
        """What is to be done about those that have been silent for too long: they are asked where they are, and at the
        next look it is told, or they are killed. All of it is asked for again after as long a time.
        """
        if self._looked is not None and now - self._looked < _LEAST_STEP:
            return []
        step = min(now - self._looked, _MOST_STEP) if self._looked is not None else 0.0
        self._looked = now
        watched = [child for child in self._children.all if self._concerns(child)]
        self._watched = {child.pid: self._seen(child, step) for child in watched}
        return [action for child in watched if (action := self._judge(child)) is not None]

    def next_check(self, _now: float) -> float:
        """The idle tick will do."""
        return IDLE_TICK

    def _concerns(self, child: ChildRecord) -> bool:
        """A worker while the fleet serves: later the drain's limit ends it. The steward as long as there is work."""
        return self._lifecycle.stage <= (
            LifecycleStage.RELEASE if child.position.role is Role.STEWARD else LifecycleStage.SERVE
        )

    def _seen(self, child: ChildRecord, step: float) -> Watched:
        signs = signs_of_life(self._board.slot(child.slot))
        before = self._watched.get(child.pid)
        if before is None or before.signs != signs or self._stopped(child.pid):
            return Watched(signs)
        before.still += step
        return before

    def _judge(self, child: ChildRecord) -> LookInto | TellBoot | KillHung | None:
        watched, slot = self._watched[child.pid], self._board.slot(child.slot)
        limit = silence_limit(slot, self.job_timeout, self.boot_timeout)
        if limit is None:
            return None
        if watched.asked:
            return self._with_answer(child, watched, limit)
        slow = slot.state is SlotState.BOOTING and watched.still >= SLOW_BOOT and not watched.told
        if not slow and watched.still < limit:
            return None
        watched.asked = True
        return LookInto(child)

    def _with_answer(self, child: ChildRecord, watched: Watched, limit: float) -> TellBoot | KillHung:
        watched.asked, watched.told = False, True
        if watched.still < limit:
            return TellBoot(child, watched.still)
        silent, watched.still = watched.still, 0.0
        return KillHung(child, silent)
