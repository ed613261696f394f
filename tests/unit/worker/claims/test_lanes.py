"""The floors and sweeps of a worker's lanes: nothing is passed over for longer than a sweep interval."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooljobs_worker.claims.lanes import (
    DEAR,
    LEVELS,
    MARGIN,
    RARE_LONGEST,
    RARELY,
    START,
    SWEEP_BURDENED,
    SWEEP_COST_FACTOR,
    SWEEP_LONGEST,
    SWEEP_SHORTEST,
    ClaimPlan,
    Floor,
    Lane,
    Lanes,
    passed_by,
)

KEY: Floor = (bytes(8), UUID("01900000-0000-7000-8000-000000000001").bytes)
DEFAULT: Lane = ("default", 0)


def at(seconds: float) -> bytes:
    """A time of the server's: seconds since 2000, when KEY was due."""
    return struct.pack("!q", int(seconds * 1e6))


def learn(lanes: Lanes, plan: ClaimPlan, *found: Lane, full: bool, took: float = 0.0, now: float = 0.0) -> None:
    keys = [(lane, KEY) for lane in found]
    lanes.learn(plan, keys, jobs=len(found), full=full, took=took, now=now, at=at(now))


def test_the_first_claim_sweeps_every_level_of_every_queue_from_its_start() -> None:
    plan = Lanes({"a": 1, "b": 1}).plan(0.0)
    assert plan.sweep
    assert plan.visits == [("a", None), ("b", None)]
    assert set(plan.floors) == {START}


def test_after_a_full_batch_only_the_known_lane_is_visited_from_its_floor() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    plan = lanes.plan(0.001)
    assert (plan.sweep, plan.visits, plan.floors) == (False, [DEFAULT], [KEY])


def test_the_first_short_claim_after_a_full_one_sweeps_at_once() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    learn(lanes, lanes.plan(0.001), DEFAULT, full=False, now=0.001)
    assert lanes.plan(0.001).sweep


@pytest.mark.hazard(
    "Each short claim sweeps its lanes, over all the dead entries that an old snapshot keeps",
    closed="sweeps are paced by what they cost (`worker/pooljobs_worker/claims/lanes.py`)",
    area="claims",
)
def test_further_short_claims_wait_for_the_interval() -> None:
    lanes = Lanes({"default": 1})
    for now in (-0.1, 0.0):
        learn(lanes, lanes.plan(now), DEFAULT, full=False, took=0.01, now=now)  # sweeps that cost 10 ms
    learn(lanes, lanes.plan(0.1), DEFAULT, full=False, now=0.1)
    assert not lanes.plan(0.15).sweep
    assert lanes.seconds_to_sweep(0.15) == pytest.approx(0.05)
    assert lanes.plan(0.2).sweep


def test_one_slow_sweep_is_passed_over_in_silence_and_a_second_one_slows_them_down() -> None:
    """An old snapshot makes every sweep slow; a disk that was busy for a moment makes one."""
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True, took=0.001, now=0.0)
    learn(lanes, lanes.plan(10.0), DEFAULT, full=True, took=3.0, now=10.0)
    assert lanes.seconds_to_sweep(10.0) == pytest.approx(SWEEP_SHORTEST)
    learn(lanes, lanes.plan(20.0), DEFAULT, full=True, took=3.0, now=20.0)
    assert lanes.seconds_to_sweep(20.0) == pytest.approx(SWEEP_BURDENED)
    learn(lanes, lanes.plan(90.0), DEFAULT, full=True, took=0.001, now=90.0)
    assert lanes.seconds_to_sweep(90.0) == pytest.approx(SWEEP_SHORTEST)


@pytest.mark.hazard("Each short claim sweeps its lanes")
@given(took=st.floats(0.0025, 3), claim=st.floats(0.0001, 0.1))
def test_sweeps_take_a_bounded_share_though_every_other_claim_is_short(took: float, claim: float) -> None:
    """As where producers keep pace with the workers: each short claim after a full one asks for a sweep.

    The first two or three are not yet known to be dear.
    """
    lanes, now, swept = Lanes({"default": 1}), 0.0, 0.0
    for turn in range(500):
        plan = lanes.plan(now)
        cost = took if plan.sweep else claim
        swept += cost if plan.sweep else 0.0
        now += cost
        learn(lanes, plan, DEFAULT, full=turn % 2 == 0, took=cost, now=now)
    assert swept <= now / (1 + SWEEP_COST_FACTOR) + 3 * took


def test_an_empty_sweep_leaves_no_lane_to_wait_for() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), full=False)
    assert lanes.seconds_to_sweep(0.0) is None
    assert lanes.plan(0.0).sweep


def test_a_wake_makes_the_next_claim_a_sweep() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    lanes.forget()
    assert lanes.plan(0.001).sweep


DEAR_ONE = 20 * DEAR


def dear_lanes(*queues: str, now: float = 10.0) -> Lanes:
    """Lanes that took long to look through, and had nothing."""
    lanes = Lanes(dict.fromkeys(queues or ("default",), 1))
    for when in (now - MARGIN / 4, now):
        learn(lanes, lanes.plan(when), full=False, took=DEAR_ONE, now=when)
    return lanes


def test_the_first_sweep_of_a_worker_tells_nothing_of_what_they_cost() -> None:
    """It is slow, but for what is done once: a fleet in a storm has many new workers, and many jobs that come back."""
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), full=False, took=2.0, now=2.0)
    lanes.forget()
    assert lanes.plan(2.0).sweep


def test_after_a_dear_sweep_every_lane_is_visited_from_then_on_and_each_queue_is_one_entry() -> None:
    plan = dear_lanes("a", "b").plan(10.0)
    assert not plan.sweep
    assert sorted(plan.visits) == [("a", None), ("b", None)]
    assert plan.floors == [passed_by(at(10.0))] * 2


@pytest.mark.hazard("Each short claim sweeps its lanes")
def test_a_wake_does_not_bring_a_dear_sweep_but_a_look_at_all_that_is_new() -> None:
    lanes = dear_lanes()
    lanes.forget()
    plan = lanes.plan(10.1)
    assert (plan.sweep, plan.visits, plan.floors) == (False, [("default", None)], [passed_by(at(10.0))])
    assert lanes.seconds_to_sweep(10.0) == pytest.approx(SWEEP_COST_FACTOR * DEAR_ONE)
    assert lanes.plan(10.0 + SWEEP_COST_FACTOR * DEAR_ONE).sweep


@pytest.mark.hazard(
    "What a dead worker had comes back behind the others' floors, while sweeps look dear",
    closed="the steward says so on the scoreboard (`worker/pooljobs_worker/claims/lanes.py`)",
    area="blame",
)
def test_what_came_back_behind_the_floors_is_swept_for_also_where_that_is_dear() -> None:
    lanes = dear_lanes()
    assert not lanes.plan(10.1).sweep
    lanes.forget(behind=True)
    assert lanes.plan(10.1).sweep


def test_an_idle_worker_does_not_repeat_a_dear_sweep_unless_it_is_woken() -> None:
    lanes = dear_lanes()
    assert lanes.seconds_to_sweep(10.0) is None
    learn(lanes, lanes.plan(10.1), full=False, now=10.1)
    assert lanes.seconds_to_sweep(10.1) is None
    lanes.forget()
    assert lanes.seconds_to_sweep(10.1) is not None


@pytest.mark.hazard(
    "Many jobs that a worker cannot take lie in front of its own, and each claim walks over them",
    closed="after a short claim that took long the floors move past them (`worker/pooljobs_worker/claims/lanes.py`)",
    area="claims",
)
def test_what_was_passed_over_is_not_walked_again_by_a_claim() -> None:
    """A hundred thousand jobs that are not for this worker lie in front of its own."""
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=True)
    learn(lanes, lanes.plan(10.0), full=False, took=DEAR_ONE, now=10.0)
    assert lanes.plan(10.001).floors == [passed_by(at(10.0))]


def test_a_floor_never_moves_back_to_the_time_that_was_passed() -> None:
    lanes = dear_lanes(now=MARGIN / 2)
    learn(lanes, lanes.plan(MARGIN / 2), DEFAULT, full=True, now=MARGIN / 2)
    learn(lanes, lanes.plan(MARGIN / 2), full=False, took=DEAR_ONE, now=MARGIN / 2)
    assert dict(zip(lanes.plan(MARGIN / 2).visits, lanes.plan(MARGIN / 2).floors, strict=True))[DEFAULT] == KEY


def test_a_cheap_claim_that_found_nothing_leaves_floors_as_they_are() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), DEFAULT, full=False)
    learn(lanes, lanes.plan(0.01), full=False, took=DEAR / 2, now=0.01)
    assert lanes.plan(0.02).floors == [KEY]


def test_a_long_batch_is_not_a_dear_sweep() -> None:
    lanes = Lanes({"default": 1})
    lanes.learn(lanes.plan(0.0), [(DEFAULT, KEY)], jobs=500, full=False, took=0.008, now=0.0, at=at(0.0))
    lanes.forget()
    assert lanes.plan(0.0).sweep


def test_lanes_that_are_cheap_again_are_forgotten() -> None:
    lanes = dear_lanes()
    later = 10.0 + SWEEP_BURDENED
    learn(lanes, lanes.plan(later), full=False, took=0.0, now=later)
    assert lanes.plan(later).sweep


def test_a_very_dear_sweep_is_rare_unless_somebody_is_woken() -> None:
    lanes = dear_lanes()
    idle = SWEEP_COST_FACTOR * DEAR_ONE * RARELY
    assert RARE_LONGEST < idle < SWEEP_BURDENED
    assert not lanes.plan(9.9 + idle).sweep
    assert lanes.plan(10.0 + idle).sweep
    lanes.forget()
    assert not lanes.plan(9.9 + SWEEP_COST_FACTOR * DEAR_ONE).sweep
    assert lanes.plan(10.0 + SWEEP_COST_FACTOR * DEAR_ONE).sweep


def test_a_very_dear_sweep_is_less_rare_once_there_is_work() -> None:
    """Nobody wakes a worker that is not idle."""
    lanes = dear_lanes()
    learn(lanes, lanes.plan(11.0), DEFAULT, full=True, now=11.0)
    assert not lanes.plan(9.9 + RARE_LONGEST).sweep
    assert lanes.plan(10.0 + RARE_LONGEST).sweep


def test_a_server_that_is_set_back_does_not_move_floors_back() -> None:
    lanes = dear_lanes()
    learn(lanes, lanes.plan(5.0), full=False, took=DEAR_ONE, now=5.0)
    assert lanes.plan(5.0).floors == [passed_by(at(10.0))]


def test_queues_take_turns_at_being_first() -> None:
    lanes = Lanes({"a": 1, "b": 1, "c": 1})
    firsts = [lanes.plan(0.0).visits[0][0] for _ in range(6)]
    assert firsts == ["a", "b", "c", "a", "b", "c"]


def test_within_a_queue_the_smaller_priority_is_visited_first() -> None:
    lanes = Lanes({"default": 1})
    learn(lanes, lanes.plan(0.0), ("default", 2), ("default", -1), DEFAULT, full=True)
    assert lanes.plan(0.001).visits == [("default", -1), DEFAULT, ("default", 2)]


@pytest.mark.hazard("Each short claim sweeps its lanes")
@given(took=st.floats(0, 10), fulls=st.lists(st.booleans(), max_size=50), step=st.floats(0.0001, 1.0))
def test_a_sweep_never_waits_longer_than_its_bounds(took: float, fulls: list[bool], step: float) -> None:
    """A twentieth of the time; what is very dear is rarer, as far as 10 s, and up to 60 s where a twentieth asks it."""
    lanes, now, last_sweep, interval = Lanes({"default": 1}), 0.0, 0.0, SWEEP_LONGEST
    for full in [True, *fulls]:
        plan = lanes.plan(now)
        if plan.sweep:
            last_sweep, interval = now, min(max(took * 20, SWEEP_SHORTEST), SWEEP_BURDENED)
            interval = max(interval, min(interval * RARELY, RARE_LONGEST))
        assert now - last_sweep <= interval + step
        learn(lanes, plan, DEFAULT, full=full, took=took, now=now)
        now += step


class World:
    """A table of jobs by lane, claimed from as the statement does: lane by lane, until the limit."""

    COST = 0.001

    def __init__(self, weights: dict[str, int], limit: int) -> None:
        self.lanes = Lanes(weights)
        self.limit = limit
        self.behind: dict[Lane, int] = {}  # jobs that a scan from a floor does not see
        self.ahead: dict[Lane, int] = {}

    def claim(self, now: float) -> dict[Lane, int]:
        plan = self.lanes.plan(now)
        left, taken = self.limit, dict[Lane, int]()
        for (queue, known), floor in zip(plan.visits, plan.floors, strict=True):
            for lane in [(queue, level) for level in (LEVELS if known is None else [known])]:
                for jobs in (self.behind, self.ahead) if floor == START else (self.ahead,):
                    count = min(left, jobs.get(lane, 0))
                    jobs[lane] = jobs.get(lane, 0) - count
                    left -= count
                    if count:
                        taken[lane] = taken.get(lane, 0) + count
        found = [(lane, KEY) for lane in taken]
        self.lanes.learn(plan, found, jobs=self.limit - left, full=left == 0, took=self.COST, now=now, at=at(now))
        return taken


@pytest.mark.hazard(
    "A deep queue keeps its worker from the others",
    closed="queues take turns at being first (`worker/pooljobs_worker/claims/queue_rotation.py`), and a sweep that "
    "was not reached is still due (`worker/pooljobs_worker/claims/lanes.py`)",
    area="claims",
)
@given(
    weights=st.lists(st.integers(1, 10), min_size=2, max_size=5),
    step=st.floats(0.001, 0.3),
    arrives=st.integers(0, 100),
    level=st.sampled_from(LEVELS),
    hidden=st.booleans(),
)
def test_no_queue_starves_behind_a_deep_one(
    weights: list[int], step: float, arrives: int, level: int, *, hidden: bool
) -> None:
    """One job, in front of its queue's floor or behind it, while another queue fills every claim."""
    shares = {f"queue {n}": weight for n, weight in enumerate(weights)}
    world = World(shares, limit=10)
    world.ahead["queue 0", 0] = 10**9
    lane, claims = ("queue 1", level), 0
    for claims in range(100_000):
        if claims == arrives:
            (world.behind if hidden else world.ahead)[lane] = 1
        if lane in world.claim(claims * step):
            break
    rotation = sum(weights)  # its own turn comes once in these
    interval = max(SWEEP_SHORTEST, World.COST * SWEEP_COST_FACTOR * len(weights))
    assert claims - arrives <= interval / step + 2 * rotation + 1


def test_deep_queues_are_claimed_from_by_weight() -> None:
    world = World({"a": 3, "b": 1}, limit=10)
    world.ahead = {("a", 0): 10**6, ("b", 0): 10**6}
    taken = {"a": 0, "b": 0}
    for turn in range(400):
        for (queue, _), count in world.claim(turn * 0.01).items():
            taken[queue] += count
    assert taken == {"a": 3000, "b": 1000}


def test_a_sweep_that_a_full_claim_did_not_get_to_is_still_due() -> None:
    lanes = Lanes({"a": 1, "b": 1})
    learn(lanes, lanes.plan(0.0), ("a", 0), full=True)
    assert lanes.plan(0.001).swept == ["b"]
    assert lanes.plan(0.001).swept == ["b"]


@pytest.mark.hazard("What appears behind a floor")
@given(step=st.floats(0.005, 0.3), deep=st.integers(1, 99), arrives=st.integers(0, 30), hidden=st.booleans())
@settings(max_examples=30, deadline=None)
def test_of_a_hundred_queues_none_starves(step: float, deep: int, arrives: int, *, hidden: bool) -> None:
    """Most of them deep, and one job in another one: it waits for a sweep and its turns, whatever the pace of claims.

    Also where all sweeps wait the longest, and a round of turns takes as long as that or a part of it.
    """
    world = World({f"queue {n}": 1 for n in range(100)}, limit=10)
    world.ahead = {(f"queue {n}", 0): 10**9 for n in range(deep)}
    lane = ("queue 99", 4)
    claims, taken = 0, dict[Lane, int]()
    while lane not in taken:
        if claims == arrives:
            (world.behind if hidden else world.ahead)[lane] = 1
        taken = world.claim(claims * step)
        claims += 1
        assert claims - arrives <= SWEEP_LONGEST / step + 2 * 100 + 1


def test_a_claim_of_a_hundred_queues_names_each_once() -> None:
    """What a claim sends grows with the queues, and not with the queues times the levels."""
    lanes = Lanes({f"queue {n}": 1 for n in range(100)})
    plan = lanes.plan(0.0)
    assert len(plan.visits) == 100
    learn(lanes, plan, ("queue 0", 0), full=True)
    assert len(lanes.plan(0.001).visits) == 100


@pytest.mark.hazard("A sweep of a thousand queues looks at nine thousand levels")
def test_a_sweep_of_a_thousand_queues_is_dear_by_what_it_passes_and_not_by_their_number() -> None:
    lanes = Lanes({f"q{number}": 1 for number in range(1000)})
    learn(lanes, lanes.plan(0.0), ("q7", 0), full=False, took=0.01, now=0.01)
    assert [visit for visit in lanes.plan(0.02).visits if visit[1] is not None] == [("q7", 0)]
    assert len(lanes.plan(0.02).visits) == 1, "the others are visited at the next sweep"
    dear = Lanes({f"q{number}": 1 for number in range(1000)})
    learn(dear, dear.plan(0.0), ("q7", 0), full=False, took=0.5, now=0.5)
    assert len(dear.plan(0.6).visits) >= 1000, "from the time of the claim on, so that nothing new is missed"


def test_a_visit_of_all_levels_from_a_floor_may_take_as_long_as_one_of_each() -> None:
    swept, by_floor = (
        ClaimPlan(visits=[("a", None)], floors=[START], swept=["a"]),
        ClaimPlan(visits=[("a", None)], floors=[KEY], swept=[]),
    )
    by_level = ClaimPlan(visits=[("a", level) for level in LEVELS], floors=[KEY] * len(LEVELS), swept=[])
    assert swept.may_take(0) < by_floor.may_take(0) == by_level.may_take(0)
    assert by_floor.may_take(100) > by_floor.may_take(0) > DEAR
