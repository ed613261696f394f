"""What is to be done now. Pure: from the children, the lifecycle and a count of slots to a list of actions.

Asked on every tick and level-triggered: an action is repeated until its effect is seen, so none can get lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from pooljobs.scoreboard import Wanted
from pooljobs_supervisor.fleet.actions import Action, Kill, RequestState, Spawn, Wake
from pooljobs_supervisor.fleet.children import STEWARD, Children, Position
from pooljobs_supervisor.fleet.fork_budget import STEWARDS_OWN
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage

IDLE_TICK = 1.0
TICK = 0.25
"""Seconds between two looks while something is asked of the children."""
EAGER_TICK = 0.02
"""Seconds between two looks while the whole fleet waits for one child's word on the scoreboard."""


@dataclass(frozen=True, slots=True)
class SlotCount:
    """How many slots are free for a new child, and how many are dead and wait for the steward.

    ``forks_workers`` is False while nobody is there to fork one: with ``--preload``, when no zygote is ready.
    """

    free: int
    dead: int
    forks_workers: bool = True


def plan(children: Children, lifecycle: Lifecycle, slots: SlotCount, now: float) -> list[Action]:
    """The actions for this moment."""
    if lifecycle.stage is LifecycleStage.SERVE:
        dismissals = [RequestState(child, Wanted.DRAIN) for child in (*children.surplus, *children.replaced)]
        return [*_spawns(children, lifecycle, slots, now), *dismissals, *_wake_steward(children, slots)]
    if lifecycle.stage <= LifecycleStage.SETTLE:
        return [*_to_workers(children, lifecycle.stage), *_keep_steward(children, lifecycle, slots, now)]
    steward = children.steward
    if steward is None or lifecycle.stage is LifecycleStage.DONE:
        return []
    return [RequestState(steward, Wanted.DRAIN)] if lifecycle.stage is LifecycleStage.DISMISS else [Kill(steward)]


def _to_workers(children: Children, stage: LifecycleStage) -> list[Action]:
    if stage is LifecycleStage.KILL:
        return [Kill(child) for child in children.workers]
    wanted = Wanted.DRAIN if stage is LifecycleStage.DRAIN else Wanted.RELEASE
    return [RequestState(child, wanted) for child in children.workers]


def pause(children: Children, lifecycle: Lifecycle, slots: SlotCount, now: float) -> float:
    """Seconds that may pass until the next look, unless a signal or a death comes first."""
    match lifecycle.stage:
        case LifecycleStage.SERVE:
            return _serving_pause(children, lifecycle, slots, now)
        case LifecycleStage.DRAIN | LifecycleStage.RELEASE:
            return min(TICK, max(0.0, lifecycle.drain_since + lifecycle.drain_limit - now))
        case LifecycleStage.SETTLE:
            return EAGER_TICK
        case _:
            return TICK


def _serving_pause(children: Children, lifecycle: Lifecycle, slots: SlotCount, now: float) -> float:
    if not lifecycle.ever_ready:
        return EAGER_TICK
    booting = children.coming or any(child.ready_at is None for child in children.all)
    busy = slots.dead or children.surplus or children.retiring or booting
    waits = [_wait(children, position, now) for position in _fillable(children, slots)] if slots.free else []
    soonest = min((max(wait, EAGER_TICK) for wait in waits), default=IDLE_TICK)
    return min(TICK if busy or not slots.free else IDLE_TICK, soonest)


def _fillable(children: Children, slots: SlotCount) -> list[Position]:
    """Vacant positions for which somebody can be forked at all."""
    return [position for position in children.vacant() if slots.forks_workers or position == STEWARD]


def _wait(children: Children, position: Position, now: float) -> float:
    """Seconds until the position may be filled: after its failed starts, and as the fleet may fork."""
    forks = 1 if position == STEWARD else 1 + STEWARDS_OWN
    return max(children.due(position) - now, children.forks.seconds_to(forks, now))


def held_back(children: Children, slots: SlotCount, now: float) -> list[Position]:
    """Places that could be filled now, were it not for the fleet's bound on forks."""
    due = [position for position in _fillable(children, slots) if children.due(position) <= now]
    return due[len(_affordable(children, due, now)) :]


def _affordable(children: Children, due: list[Position], now: float) -> list[Position]:
    """As many of these as the fleet may fork for; the steward, who comes first, by what workers leave over."""
    left = children.forks.left(now)
    return due[: left if STEWARD in due else max(0, left - STEWARDS_OWN)]


def _spawns(children: Children, lifecycle: Lifecycle, slots: SlotCount, now: float) -> list[Action]:
    """Fill what is vacant and due. Until a worker was ever READY, only the first is tried, beside the steward."""
    due = [position for position in _fillable(children, slots) if children.due(position) <= now]
    if not lifecycle.ever_ready:
        due = [position for position in due if position == STEWARD or position.ordinal == 1]
    due = _affordable(children, due, now)
    kept = 1 if children.steward is None and STEWARD not in due else 0  # without a steward no slot is freed any more
    return [Spawn(position) for position in due[: max(0, slots.free - kept)]]


def _keep_steward(children: Children, lifecycle: Lifecycle, slots: SlotCount, now: float) -> list[Action]:
    """A steward is needed to the end: it renews leases and releases what the dead held."""
    missing = children.steward is None and lifecycle.spawns_steward
    if missing and slots.free and _wait(children, STEWARD, now) <= 0.0:
        return [Spawn(STEWARD)]
    return _wake_steward(children, slots)


def _wake_steward(children: Children, slots: SlotCount) -> list[Action]:
    steward = children.steward
    return [Wake(steward)] if steward is not None and slots.dead else []
