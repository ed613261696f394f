"""When a refused job is tried again: soon at first, seldom later, and not for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.job.refusal_delay import LONGEST_SECS, SHORTEST_SECS, next_try

SINCE = st.none() | st.floats(0, 1e9)
PATIENCE = st.floats(0, 1e9)
SHARE = st.floats(0, 1, exclude_max=True)


@given(SINCE, PATIENCE, SHARE)
def test_it_has_failed_once_the_time_has_passed_and_never_before(
    since: float | None, unknown_after: float, share: float
) -> None:
    assert (next_try(since, unknown_after, share) is None) is ((since or 0.0) >= unknown_after)


@pytest.mark.hazard(
    "Thousands of refused jobs keep the workers busy",
    closed="each waits between half and all of the time that it has been refused for "
    "(`shared/pooljobs/job/refusal_delay.py`)",
    area="versions",
)
@given(SINCE, PATIENCE, SHARE)
def test_the_delay_is_bounded_and_is_at_least_half_the_wait(
    since: float | None, unknown_after: float, share: float
) -> None:
    delay = next_try(since, unknown_after, share)
    if delay is not None:
        waited = since or 0.0
        assert SHORTEST_SECS <= delay <= LONGEST_SECS
        assert delay <= max(waited, 2 * SHORTEST_SECS)
        assert delay >= min(waited / 2, LONGEST_SECS / 2, unknown_after - waited)


@given(PATIENCE, st.lists(SHARE, min_size=1))
def test_however_long_it_may_wait_it_is_tried_again_and_then_fails_in_time(
    unknown_after: float, shares: list[float]
) -> None:
    """Claimed as soon as it is due, it is refused for the last time no later than a shortest delay after the time."""
    since: float | None = None
    for share in shares:
        delay = next_try(since, unknown_after, share)
        if delay is None:
            break
        since = (since or 0.0) + delay
        assert since <= max(unknown_after, (since - delay) + SHORTEST_SECS) + 1e-6 * since


@given(st.floats(2, 1e6), SHARE)
def test_a_longer_wait_never_means_a_sooner_try(since: float, share: float) -> None:
    first, later = next_try(since, 1e9, share), next_try(since * 1.5, 1e9, share)
    assert first is not None
    assert later is not None
    assert first <= later


def test_a_thousand_jobs_that_were_refused_together_come_back_apart() -> None:
    delays = [next_try(300.0, 600.0, number / 1000) for number in range(1000)]
    assert len(set(delays)) == 1000
    assert max(filter(None, delays)) - min(filter(None, delays)) > 29.0
