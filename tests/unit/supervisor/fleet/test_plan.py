"""What the plan asks for in each situation."""

from __future__ import annotations

from pooljobs.scoreboard import Role, Wanted
from pooljobs_supervisor.fleet.actions import Kill, RequestState, Spawn, Wake
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.fleet.plan import EAGER_TICK, IDLE_TICK, TICK, SlotCount, pause, plan

FREE = SlotCount(free=8, dead=0)
DEAD = SlotCount(free=7, dead=1)


def worker(ordinal: int) -> Position:
    return Position(Role.WORKER, ordinal)


def family(*ordinals: int, procs: int = 3, steward: bool = True) -> Children:
    children = Children(procs)
    if steward:
        children.forked(ChildRecord(STEWARD, pid=99, slot=9, forked=0.0, ready_at=0.1))
    for ordinal in ordinals:
        children.forked(ChildRecord(worker(ordinal), pid=100 + ordinal, slot=ordinal, forked=0.0, ready_at=0.1))
    return children


def lifecycle(stage: LifecycleStage, *, ever_ready: bool = True) -> Lifecycle:
    return Lifecycle(30.0, stage=stage, since=10.0, drain_since=10.0, ever_ready=ever_ready)


def test_the_first_worker_boots_alone_beside_the_steward() -> None:
    start = lifecycle(LifecycleStage.SERVE, ever_ready=False)
    assert plan(Children(3), start, FREE, 10.0) == [Spawn(STEWARD), Spawn(worker(1))]
    assert plan(family(1), start, FREE, 10.0) == []
    assert plan(family(1), lifecycle(LifecycleStage.SERVE), FREE, 10.0) == [Spawn(worker(2)), Spawn(worker(3))]


def test_a_respawn_waits_for_its_time_and_for_a_slot() -> None:
    children = family(1, 2)
    children.fork_failed(worker(3), now=10.0)
    children.fork_failed(worker(3), now=10.0)
    serving = lifecycle(LifecycleStage.SERVE)
    assert plan(children, serving, FREE, 10.0) == []
    assert plan(children, serving, FREE, 10.1) == [Spawn(worker(3))]
    assert plan(children, serving, SlotCount(free=0, dead=0), 10.1) == []


def test_the_steward_is_woken_for_the_dead_until_they_are_gone() -> None:
    children = family(1, 2, 3)
    steward = children.steward
    assert steward is not None
    assert plan(children, lifecycle(LifecycleStage.SERVE), DEAD, 10.0) == [Wake(steward)]
    assert plan(family(), lifecycle(LifecycleStage.SETTLE), DEAD, 10.0) == [Wake(steward)]
    assert plan(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == []


def test_a_drain_asks_the_workers_and_replaces_only_the_steward() -> None:
    children = family(1, 2, steward=False)
    asks = [RequestState(child, Wanted.DRAIN) for child in children.workers]
    assert plan(children, lifecycle(LifecycleStage.DRAIN), FREE, 10.0) == [*asks, Spawn(STEWARD)]
    releases = [RequestState(child, Wanted.RELEASE) for child in children.workers]
    assert plan(children, lifecycle(LifecycleStage.RELEASE), FREE, 10.0) == [*releases, Spawn(STEWARD)]
    assert plan(children, lifecycle(LifecycleStage.KILL), FREE, 10.0) == [*map(Kill, children.workers), Spawn(STEWARD)]


def test_the_steward_is_asked_last_and_killed_when_it_stays() -> None:
    children = family()
    steward = children.steward
    assert steward is not None
    assert plan(children, lifecycle(LifecycleStage.SETTLE), FREE, 10.0) == []
    assert plan(children, lifecycle(LifecycleStage.DISMISS), FREE, 10.0) == [RequestState(steward, Wanted.DRAIN)]
    assert plan(children, lifecycle(LifecycleStage.EVICT), FREE, 10.0) == [Kill(steward)]
    assert plan(Children(3), lifecycle(LifecycleStage.DISMISS), FREE, 10.0) == []
    assert plan(children, lifecycle(LifecycleStage.DONE), FREE, 10.0) == []


def test_the_last_slot_is_kept_for_a_steward_that_is_missing() -> None:
    children = family(1, 2, steward=False)
    children.fork_failed(STEWARD, now=10.0)
    children.fork_failed(STEWARD, now=10.0)
    serving = lifecycle(LifecycleStage.SERVE)
    assert plan(children, serving, SlotCount(free=1, dead=5), 10.0) == []
    assert plan(children, serving, SlotCount(free=2, dead=5), 10.0) == [Spawn(worker(3))]
    assert plan(children, serving, SlotCount(free=1, dead=5), 10.2) == [Spawn(STEWARD)]


def test_workers_that_are_no_longer_wanted_are_asked_to_drain() -> None:
    children = family(1, 2, 3)
    children.resize(2)
    (third,) = children.surplus
    assert plan(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == [RequestState(third, Wanted.DRAIN)]
    assert pause(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == TICK


def test_a_worker_that_retires_is_replaced_first_and_asked_to_drain_then() -> None:
    children, serving = family(1, 2, 3), lifecycle(LifecycleStage.SERVE)
    old = children.workers[1]
    old.retiring = True
    assert plan(children, serving, FREE, 10.0) == [Spawn(worker(2))]
    new = ChildRecord(worker(2), pid=202, slot=5, forked=10.0)
    children.forked(new)
    assert plan(children, serving, FREE, 10.0) == []
    assert pause(children, serving, FREE, 10.0) == TICK
    new.ready_at = 10.5
    assert plan(children, serving, FREE, 11.0) == [RequestState(old, Wanted.DRAIN)]
    children.died(old.pid, 11.0)
    assert plan(children, serving, FREE, 11.0) == []
    assert children.due(worker(2)) < 10.0


def test_a_failed_start_spawns_nobody() -> None:
    failed = Lifecycle(30.0)
    failed.fail_to_start(3, 10.0)
    assert plan(Children(3), failed, FREE, 10.0) == []


def test_the_pause_is_short_only_when_there_is_something_to_see() -> None:
    assert pause(family(1, procs=1), lifecycle(LifecycleStage.SERVE, ever_ready=False), FREE, 20.0) == EAGER_TICK
    assert pause(family(1, 2, 3), lifecycle(LifecycleStage.SERVE), FREE, 20.0) == IDLE_TICK
    assert pause(family(1, 2, 3), lifecycle(LifecycleStage.SERVE), DEAD, 20.0) == TICK
    assert pause(family(1, 2), lifecycle(LifecycleStage.SERVE), SlotCount(free=0, dead=0), 20.0) == TICK
    assert pause(family(1), lifecycle(LifecycleStage.DRAIN), FREE, 39.9) < 0.11
    assert pause(family(1), lifecycle(LifecycleStage.DRAIN), FREE, 41.0) == 0.0
    assert pause(family(1), lifecycle(LifecycleStage.SETTLE), DEAD, 20.0) == EAGER_TICK


def test_the_pause_ends_when_a_place_is_due() -> None:
    children = family(1, 2)
    for _ in range(10):
        children.fork_failed(worker(3), now=20.0)
    due = children.due(worker(3))
    assert pause(children, lifecycle(LifecycleStage.SERVE), FREE, 20.0) == IDLE_TICK
    assert abs(pause(children, lifecycle(LifecycleStage.SERVE), FREE, due - 0.5) - 0.5) < 1e-6


def test_without_a_zygote_only_the_steward_is_forked_and_nobody_waits_for_the_others() -> None:
    nobody = SlotCount(free=8, dead=0, forks_workers=False)
    assert plan(family(1, steward=False), lifecycle(LifecycleStage.SERVE), nobody, 10.0) == [Spawn(STEWARD)]
    assert plan(family(1), lifecycle(LifecycleStage.SERVE), nobody, 10.0) == []
    assert pause(family(1), lifecycle(LifecycleStage.SERVE), nobody, 10.0) == IDLE_TICK


def test_who_is_on_the_way_is_not_asked_for_again() -> None:
    children = family(1, 2)
    children.expect(worker(3), 3)
    assert plan(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == []
    assert pause(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == TICK
    assert 3 in children.slots
    children.come(worker(3))
    assert plan(children, lifecycle(LifecycleStage.SERVE), FREE, 10.0) == [Spawn(worker(3))]


def test_who_comes_to_a_place_that_is_taken_again_is_the_one_to_leave() -> None:
    children = family(1)
    children.expect(worker(1), 5)
    children.come(worker(1))
    assert children.taken(worker(1))
    children.forked(ChildRecord(worker(1), pid=200, slot=5, forked=10.0, retiring=True))
    assert children.replaced == [children.workers[1]]
