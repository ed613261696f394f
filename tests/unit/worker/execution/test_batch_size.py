"""The size of claims: in its bounds, quick to shrink, steady where the jobs are."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pooljobs_worker.execution.batch_size import GROWTH, TARGET, WINDOW, AdaptiveBatchSize, ThroughputSampler

SIZES = st.integers(1, 1000)
COSTS = st.floats(1e-7, 10.0)


def adaptive(first: int = 10, most: int = 500) -> AdaptiveBatchSize:
    return AdaptiveBatchSize(first, most, adaptive=True)


def after(adaptive_batch: AdaptiveBatchSize, secs_a_job: float, batches: int) -> list[int]:
    """The sizes after each of so many full batches of jobs that take this long each."""
    sizes = []
    for _ in range(batches):
        adaptive_batch.observe(adaptive_batch.size, adaptive_batch.size * secs_a_job, full=True)
        sizes.append(adaptive_batch.size)
    return sizes


@given(first=SIZES, most=SIZES, batches=st.lists(st.tuples(SIZES, st.floats(0, 1e9), st.booleans())))
def test_it_stays_in_its_bounds_whatever_it_is_told(
    first: int, most: int, batches: list[tuple[int, float, bool]]
) -> None:
    adaptive_batch = adaptive(first, most)
    for jobs, seconds, full in batches:
        before = adaptive_batch.size
        adaptive_batch.observe(jobs, seconds, full=full)
        assert 1 <= adaptive_batch.size <= max(first, most)
        assert adaptive_batch.size <= before * (GROWTH if full else 1)
        assert 0 <= adaptive_batch.low_water < adaptive_batch.size


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
    adaptive_batch = adaptive(10, 1000)
    sizes = [after(adaptive_batch, cost * factor, 1)[0] for factor in noise]
    for size in sizes[11:]:
        most = max(TARGET / (cost * 0.8), 1)
        assert TARGET / (cost * 1.25) - 1 <= size <= most * (1 + 1e-9)  # five jobs may be 4.999999999999999


def test_a_sudden_slow_job_ends_it_at_once_and_it_comes_back_step_by_step() -> None:
    adaptive_batch = adaptive()
    assert after(adaptive_batch, 1e-5, 2) == [10 * GROWTH, 500]
    adaptive_batch.observe(500, 5.0, full=True)
    assert adaptive_batch.size == 10
    adaptive_batch.observe(10, 5.0, full=True)
    assert adaptive_batch.size == 1
    assert after(adaptive_batch, 1e-5, 3) == [GROWTH, GROWTH**2, 500]


def test_a_short_claim_does_not_make_it_grow_but_may_make_it_shrink() -> None:
    adaptive_batch = adaptive()
    adaptive_batch.observe(3, 0.0, full=False)
    assert adaptive_batch.size == 10
    adaptive_batch.observe(3, 3.0, full=False)
    assert adaptive_batch.size == 1


def test_it_asks_for_what_can_begin_at_once_within_the_bound() -> None:
    adaptive_batch = adaptive(10, 50)
    assert [adaptive_batch.limit(free) for free in (-5, 1, 30, 100)] == [10, 10, 30, 50]


def test_a_first_size_above_the_most_is_the_most() -> None:
    adaptive_batch = adaptive(800, 500)
    assert after(adaptive_batch, 0.0, 2) == [800, 800]


def test_where_it_is_pinned_nothing_changes_it() -> None:
    adaptive_batch = AdaptiveBatchSize(10, 500, adaptive=False)
    adaptive_batch.observe(10, 100.0, full=True)
    adaptive_batch.observe(10, 0.0, full=True)
    adaptive_batch.reset()
    assert (adaptive_batch.size, adaptive_batch.limit(100), adaptive_batch.low_water) == (10, 10, 0)


# The pace of overlapping batches


def test_the_pace_is_what_ended_between_two_looks() -> None:
    throughput = ThroughputSampler()
    assert throughput.sample(0.0, 0, idle_since=0.0) == (0, 0.0)
    assert throughput.sample(0.5, 7, idle_since=None) == (7, 0.5)
    assert throughput.sample(0.75, 9, idle_since=None) == (2, 0.25)


def test_a_window_too_short_or_without_an_end_goes_on() -> None:
    throughput = ThroughputSampler()
    throughput.sample(0.0, 0, idle_since=0.0)
    assert throughput.sample(WINDOW / 2, 5, idle_since=None) == (0, 0.0)
    assert throughput.sample(WINDOW * 2, 8, idle_since=None) == (8, WINDOW * 2)
    assert throughput.sample(60.0, 8, idle_since=None) == (0, 0.0)
    assert throughput.sample(61.0, 9, idle_since=None) == (1, 61.0 - WINDOW * 2)


def test_time_without_jobs_does_not_count() -> None:
    throughput = ThroughputSampler()
    throughput.sample(0.0, 0, idle_since=0.0)
    assert throughput.sample(100.0, 5, idle_since=0.5) == (5, 0.5)
    assert throughput.sample(200.0, 5, idle_since=0.5) == (0, 0.0)
    assert throughput.sample(200.5, 10, idle_since=None) == (5, 0.5)


def test_jobs_that_have_all_ended_are_a_sample_however_short() -> None:
    """Or an appetite for as many as can begin at once would stay what it is: each claim finds all of them ended."""
    throughput = ThroughputSampler()
    throughput.sample(0.0, 0, idle_since=0.0)
    assert throughput.sample(WINDOW / 4, 10, idle_since=WINDOW / 8) == (10, WINDOW / 8)
