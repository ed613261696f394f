"""For how long the database was watched without a break: its own clock alone counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs_steward.unbroken_view import LONGEST_GAP, UnbrokenView

LEASE = 30.0
START = 1_800_000_000.0


def test_it_begins_with_the_first_look() -> None:
    watch = UnbrokenView(LEASE)
    assert watch.seconds == 0.0
    assert watch.looked(START)
    assert watch.seconds == 0.0
    assert not watch.looked(START + 3)
    assert not watch.looked(START + 7)
    assert watch.seconds == 7.0


def test_an_answer_that_failed_to_come_is_a_break_however_short() -> None:
    watch = UnbrokenView(LEASE)
    watch.looked(START)
    watch.interrupted()
    assert watch.seconds == 0.0
    assert watch.looked(START + 1)
    assert watch.seconds == 0.0


@pytest.mark.hazard("After a long outage, a late promotion")
def test_a_silence_is_a_break_and_so_is_a_clock_that_was_set() -> None:
    """The machine was suspended, or the server's clock steps: all leases may be past, and nobody had time to renew."""
    for jump in (LONGEST_GAP + 0.1, 3600.0, -0.1, -3600.0):
        watch = UnbrokenView(LEASE)
        watch.looked(START)
        watch.looked(START + 5)
        assert watch.looked(START + 5 + jump)
        assert watch.seconds == 0.0


def test_a_gap_that_costs_nobody_his_lease_is_none() -> None:
    watch = UnbrokenView(2.0)
    watch.looked(START)
    assert not watch.looked(START + 1.0)
    assert watch.looked(START + 2.1)


@given(st.floats(0.5, 3600), st.lists(st.one_of(st.none(), st.integers(-100, 100).map(float)), max_size=50))
def test_it_is_never_longer_than_since_the_last_break(lease: float, steps: list[float | None]) -> None:
    watch, at, since = UnbrokenView(lease), START, None
    for step in steps:
        if step is None:
            watch.interrupted()
            since = None
            continue
        if step < 0 or step > lease / 2:
            since = None
        at += step
        since = at if since is None else since
        watch.looked(at)
        assert watch.seconds <= at - since
