"""Whatever the deaths, forks are neither too many nor too few, and the steward comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.scoreboard import Role, most_workers
from pooljobs_supervisor.fleet.actions import Spawn
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.fleet.fork_budget import STEWARDS_OWN, ForkBudget
from pooljobs_supervisor.fleet.lifecycle import Lifecycle
from pooljobs_supervisor.fleet.plan import IDLE_TICK, SlotCount, held_back, pause, plan

PLENTY = SlotCount(free=2000, dead=0)
SECONDS = 10


@given(st.integers(1, 512), st.lists(st.floats(0.0, 3.0), max_size=300))
def test_what_is_spent_in_any_time_is_the_rate_and_what_was_saved(procs: int, pauses: list[float]) -> None:
    budget, now, spent = ForkBudget(procs, most_workers(procs)), 0.0, 0
    saved = budget.left(now)
    for wait in pauses:
        now += wait
        while budget.left(now):
            budget.spend(now)
            spent += 1
        assert budget.seconds_to(1, now) > 0.0
        assert budget.left(now + budget.seconds_to(1, now) + 1e-6) == 1
        assert spent <= saved + budget.a_second * now + 1e-6
    assert budget.left(now + 1e6) == saved


@pytest.mark.parametrize("procs", [1, 4, 64])
def test_a_whole_fleet_is_forked_at_once(procs: int) -> None:
    children = Children(procs, most_workers(procs))
    wanted = plan(children, Lifecycle(30.0, ever_ready=True), PLENTY, 100.0)
    assert len(wanted) == 1 + procs


@pytest.mark.parametrize(("procs", "least"), [(1, 4), (4, 4), (64, 64)])
@pytest.mark.parametrize("steward_too", [False, True])
def test_in_a_storm_places_are_filled_at_the_rate_and_the_steward_at_once(
    procs: int, least: int, *, steward_too: bool
) -> None:
    """Every worker, and the steward each half second, dies as soon as it is READY."""
    children, lifecycle = Children(procs, most_workers(procs)), Lifecycle(30.0, ever_ready=True)
    forks, late, pid, now, next_death = 0, 0, 1, 100.0, 100.0
    while now < 100.0 + SECONDS:
        for action in plan(children, lifecycle, PLENTY, now):
            assert isinstance(action, Spawn)
            children.forks.spend(now)
            children.forked(ChildRecord(action.position, pid, slot=pid, forked=now, ready_at=now))
            pid, forks = pid + 1, forks + 1
        late += children.steward is None
        for child in children.workers:
            children.died(child.pid, now)
        if steward_too and now >= next_death and children.steward is not None:
            children.died(children.steward.pid, now)
            next_death = now + 0.5
        now += pause(children, lifecycle, PLENTY, now)
    assert late == 0
    assert forks >= least * SECONDS
    assert forks <= (children.forks.a_second * (SECONDS + IDLE_TICK)) + most_workers(procs) + 2 + STEWARDS_OWN
    assert held_back(children, PLENTY, now - 1e-3)


def test_a_place_that_waits_for_its_back_off_is_not_held_back_by_the_bound() -> None:
    children = Children(1)
    children.forked(ChildRecord(STEWARD, 1, slot=0, forked=0.0, ready_at=0.0))
    assert held_back(children, PLENTY, 10.0) == []
    while children.forks.left(10.0):
        children.forks.spend(10.0)
    assert held_back(children, PLENTY, 10.0) == [Position(Role.WORKER, 1)]
    for _ in range(5):
        children.fork_failed(Position(Role.WORKER, 1), 10.0)
    assert held_back(children, PLENTY, 10.0) == []
