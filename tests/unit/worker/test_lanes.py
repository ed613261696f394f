"""The floors and sweeps of a worker's lanes: nothing is passed over for longer than a sweep interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs_worker.lanes import LEVELS, START, SWEEP_LONGEST, SWEEP_SHORTEST, ClaimPlan, Floor, Lane, Lanes

KEY: Floor = ("2026-01-01T00:00:00+00:00", "01900000-0000-7000-8000-000000000001")
DEFAULT: Lane = ("default", 0)


def learn(lanes: Lanes, plan: ClaimPlan, *found: Lane, full: bool, took: float = 0.0, now: float = 0.0) -> None:
    lanes.learn(plan, [(lane, KEY) for lane in found], full=full, took=took, now=now)


def test_the_first_claim_sweeps_every_level_of_every_queue_from_its_start() -> None:
    plan = Lanes(["a", "b"]).plan(0.0)
    assert plan.sweep
    assert plan.lanes == [(queue, level) for queue in ("a", "b") for level in LEVELS]
    assert set(plan.floors) == {START}


def test_after_a_full_batch_only_the_known_lane_is_visited_from_its_floor() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    plan = lanes.plan(0.001)
    assert (plan.sweep, plan.lanes, plan.floors) == (False, [DEFAULT], [KEY])


def test_the_first_short_claim_after_a_full_one_sweeps_at_once() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    learn(lanes, lanes.plan(0.001), DEFAULT, full=False, now=0.001)
    assert lanes.plan(0.001).sweep


def test_further_short_claims_wait_for_the_interval() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), DEFAULT, full=False, took=0.01, now=0.0)  # a sweep that cost 10 ms
    learn(lanes, lanes.plan(0.1), DEFAULT, full=False, now=0.1)
    assert not lanes.plan(0.15).sweep
    assert lanes.seconds_to_sweep(0.15) == pytest.approx(0.05)
    assert lanes.plan(0.2).sweep


def test_an_empty_sweep_leaves_no_lane_to_wait_for() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), full=False)
    assert lanes.seconds_to_sweep(0.0) is None
    assert lanes.plan(0.0).sweep


def test_a_wake_makes_the_next_claim_a_sweep() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    lanes.forget()
    assert lanes.plan(0.001).sweep


def test_queues_take_turns_at_being_first() -> None:
    lanes = Lanes(["a", "b", "c"])
    firsts = [lanes.plan(0.0).lanes[0][0] for _ in range(6)]
    assert firsts == ["a", "b", "c", "a", "b", "c"]


def test_within_a_queue_the_smaller_priority_is_visited_first() -> None:
    lanes = Lanes(["default"])
    learn(lanes, lanes.plan(0.0), ("default", 2), ("default", -1), DEFAULT, full=True)
    assert lanes.plan(0.001).lanes == [("default", -1), DEFAULT, ("default", 2)]


@given(took=st.floats(0, 10), fulls=st.lists(st.booleans(), max_size=50), step=st.floats(0.0001, 1.0))
def test_a_sweep_never_waits_longer_than_its_bounds(took: float, fulls: list[bool], step: float) -> None:
    lanes, now, last_sweep, interval = Lanes(["default"]), 0.0, 0.0, SWEEP_LONGEST
    for full in [True, *fulls]:
        plan = lanes.plan(now)
        if plan.sweep:
            last_sweep, interval = now, min(max(took * 20, SWEEP_SHORTEST), SWEEP_LONGEST)
        assert now - last_sweep <= interval + step
        learn(lanes, plan, DEFAULT, full=full, took=took, now=now)
        now += step
