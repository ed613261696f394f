"""The back-off's doctests, and what holds for any number of failed starts."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs import exit_codes
from pooljobs_supervisor.fleet import backoff, lifecycle
from pooljobs_supervisor.fleet.backoff import LONGEST_WAIT, wait_before_respawn


@pytest.mark.parametrize("module", [backoff, lifecycle, exit_codes])
def test_doctests(module: ModuleType) -> None:
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0


@given(st.integers(min_value=0, max_value=10**12))
def test_the_wait_grows_and_is_bounded(failed_starts: int) -> None:
    wait, next_wait = wait_before_respawn(failed_starts), wait_before_respawn(failed_starts + 1)
    assert 0.0 <= wait <= next_wait <= LONGEST_WAIT
