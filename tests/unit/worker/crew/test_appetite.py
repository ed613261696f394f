"""The size of claims: in its bounds, quick to shrink, steady where the jobs are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pooljobs_worker.crew.appetite import GROWTH, TARGET, WINDOW, Appetite, Pace

SIZES = st.integers(1, 1000)
COSTS = st.floats(1e-7, 10.0)


def adaptive(first: int = 10, most: int = 500) -> Appetite:
    return Appetite(first, most, adaptive=True)


def after(appetite: Appetite, secs_a_job: float, batches: int) -> list[int]:
    """The sizes after each of so many full batches of jobs that take this long each."""
    sizes = []
    for _ in range(batches):
        appetite.learn(appetite.size, appetite.size * secs_a_job, full=True)
        sizes.append(appetite.size)
    return sizes


@given(first=SIZES, most=SIZES, batches=st.lists(st.tuples(SIZES, st.floats(0, 1e9), st.booleans())))
def test_it_stays_in_its_bounds_whatever_it_is_told(
    first: int, most: int, batches: list[tuple[int, float, bool]]
) -> None:
    appetite = adaptive(first, most)
    for jobs, seconds, full in batches:
        before = appetite.size
        appetite.learn(jobs, seconds, full=full)
        assert 1 <= appetite.size <= max(first, most)
        assert appetite.size <= before * (GROWTH if full else 1)
        assert 0 <= appetite.low_water < appetite.size


@given(first=SIZES, cost=COSTS)
def test_it_settles_at_what_fits_the_target_and_stays_there(first: int, cost: float) -> None:
    sizes = after(adaptive(first, 1000), cost, 40)
    assert len(set(sizes[11:])) == 1  # so many steps lead from anywhere to anywhere
    fitting = min(max(TARGET / cost, 1), 1000)
    assert sizes[-1] == pytest.approx(fitting, abs=1)
    assert sizes == sorted(sizes) or sizes == sorted(sizes, reverse=True)


@example(cost=0.025, noise=[*[1.0] * 40, *[0.8] * 20])
@given(cost=st.floats(1e-4, 0.1), noise=st.lists(st.floats(0.8, 1.25), min_size=30, max_size=60))
def test_jobs_that_vary_make_it_vary_no_more_than_they_do(cost: float, noise: list[float]) -> None:
    appetite = adaptive(10, 1000)
    sizes = [after(appetite, cost * factor, 1)[0] for factor in noise]
    for size in sizes[11:]:
        most = max(TARGET / (cost * 0.8), 1)
        assert TARGET / (cost * 1.25) - 1 <= size <= most * (1 + 1e-9)  # five jobs may be 4.999999999999999


def test_a_sudden_slow_job_ends_it_at_once_and_it_comes_back_step_by_step() -> None:
    appetite = adaptive()
    assert after(appetite, 1e-5, 2) == [10 * GROWTH, 500]
    appetite.learn(500, 5.0, full=True)
    assert appetite.size == 10
    appetite.learn(10, 5.0, full=True)
    assert appetite.size == 1
    assert after(appetite, 1e-5, 3) == [GROWTH, GROWTH**2, 500]


def test_a_short_claim_does_not_make_it_grow_but_may_make_it_shrink() -> None:
    appetite = adaptive()
    appetite.learn(3, 0.0, full=False)
    assert appetite.size == 10
    appetite.learn(3, 3.0, full=False)
    assert appetite.size == 1


def test_it_asks_for_what_can_begin_at_once_within_the_bound() -> None:
    appetite = adaptive(10, 50)
    assert [appetite.limit(free) for free in (-5, 1, 30, 100)] == [10, 10, 30, 50]


def test_a_first_size_above_the_most_is_the_most() -> None:
    appetite = adaptive(800, 500)
    assert after(appetite, 0.0, 2) == [800, 800]


def test_where_it_is_pinned_nothing_changes_it() -> None:
    appetite = Appetite(10, 500, adaptive=False)
    appetite.learn(10, 100.0, full=True)
    appetite.learn(10, 0.0, full=True)
    appetite.lose()
    assert (appetite.size, appetite.limit(100), appetite.low_water) == (10, 10, 0)


# The pace of overlapping batches


def test_the_pace_is_what_ended_between_two_looks() -> None:
    pace = Pace()
    assert pace.sample(0.0, 0, idle_since=0.0) == (0, 0.0)
    assert pace.sample(0.5, 7, idle_since=None) == (7, 0.5)
    assert pace.sample(0.75, 9, idle_since=None) == (2, 0.25)


def test_a_window_too_short_or_without_an_end_goes_on() -> None:
    pace = Pace()
    pace.sample(0.0, 0, idle_since=0.0)
    assert pace.sample(WINDOW / 2, 5, idle_since=None) == (0, 0.0)
    assert pace.sample(WINDOW * 2, 8, idle_since=None) == (8, WINDOW * 2)
    assert pace.sample(60.0, 8, idle_since=None) == (0, 0.0)
    assert pace.sample(61.0, 9, idle_since=None) == (1, 61.0 - WINDOW * 2)


def test_time_without_jobs_does_not_count() -> None:
    pace = Pace()
    pace.sample(0.0, 0, idle_since=0.0)
    assert pace.sample(100.0, 5, idle_since=0.5) == (5, 0.5)
    assert pace.sample(200.0, 5, idle_since=0.5) == (0, 0.0)
    assert pace.sample(200.5, 10, idle_since=None) == (5, 0.5)


def test_jobs_that_have_all_ended_are_a_sample_however_short() -> None:
    """Or an appetite for as many as can begin at once would stay what it is: each claim finds all of them ended."""
    pace = Pace()
    pace.sample(0.0, 0, idle_since=0.0)
    assert pace.sample(WINDOW / 4, 10, idle_since=WINDOW / 8) == (10, WINDOW / 8)
