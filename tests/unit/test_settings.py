"""Each number that a fleet is told has a range, and what is outside is refused: a wait without an end, too."""

from __future__ import annotations

import math
import select
from dataclasses import fields
from typing import Any

import pytest

from pooljobs import PoolJobs
from pooljobs.errors import OptionError
from pooljobs.settings import LONGEST_WAIT_SECS, SERVE_RANGES, WORKER_RANGES, ServeSettings, WorkerSettings

NUMBERS = [(name, bounds) for ranges in (WORKER_RANGES, SERVE_RANGES) for name, bounds in ranges.items()]


def told(name: str, value: object) -> object:
    """Settings with one of them as given."""
    given: dict[str, Any] = {name: value}
    if name in WORKER_RANGES:
        return WorkerSettings(**given)
    return ServeSettings(dsn="", app="a:b", **given)


@pytest.mark.parametrize(("kind", "ranges"), [(WorkerSettings, WORKER_RANGES), (ServeSettings, SERVE_RANGES)])
def test_every_number_has_a_range(kind: type, ranges: dict[str, object]) -> None:
    assert {each.name for each in fields(kind) if each.type in {"int", "float"}} == ranges.keys()


@pytest.mark.parametrize(("name", "bounds"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_both_ends_of_a_range_are_taken_and_nothing_beyond(name: str, bounds: tuple[float, float]) -> None:
    least, most = bounds
    for value in bounds:
        told(name, value)
    for value in (math.nextafter(least, -math.inf), most + max(1, most * 1e-9), math.inf, -math.inf, math.nan, 1e300):
        if name != "time_limit" or value != 0:
            with pytest.raises(OptionError, match=name):
                told(name, value)


def test_poll_can_wait_for_as_long_as_is_allowed() -> None:
    """For longer it raises: this is why there is a longest."""
    poll = select.poll()
    poll.register(0)
    poll.unregister(0)
    with pytest.raises(OverflowError):
        poll.poll(2**31)
    assert LONGEST_WAIT_SECS * 1000 < 2**31


@pytest.mark.parametrize("size", [0, -1, 1001, 10**20, 2.5, True, "4", math.inf])
def test_a_pool_has_a_whole_number_of_connections(size: Any) -> None:
    with pytest.raises(OptionError, match="pool_size"):
        PoolJobs(pool_size=size)
    app = PoolJobs()
    with pytest.raises(OptionError, match="pool_size"):
        app.pool_size = size
    assert app.pool_size == 4
