"""Each number that a fleet is told has a range, and what is outside is refused: a wait without an end, too."""

from __future__ import annotations

import math
import select
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest

from pooljobs import PoolJobs
from pooljobs.errors import OptionError
from pooljobs.settings import LONGEST_WAIT_SECS, LaunchSettings, ServeSettings, WorkerSettings
from pooljobs.settings.setting import about
from pooljobs.settings.variables import every_setting

NUMBERS = [each for each in every_setting() if about(each).least is not None]


def told(name: str, value: object) -> object:
    """Settings with one of them as given."""
    given: dict[str, Any] = {name: value}
    if name in {each.name for each in fields(WorkerSettings)}:
        return WorkerSettings(**given)
    return ServeSettings(dsn="", app="a:b", **given)


def test_what_is_a_number_has_a_range_and_nothing_else_has() -> None:
    assert [each for each in every_setting() if each.type in {"int", "float"}] == NUMBERS
    assert all(about(each).most is not None for each in NUMBERS)


def test_what_is_no_setting_is_made_of_others() -> None:
    made = {each.name for kind in (LaunchSettings, ServeSettings, WorkerSettings) for each in fields(kind)}
    assert made - {each.name for each in every_setting()} == {"worker", "weights", "reload_dirs"}


@pytest.mark.parametrize("each", NUMBERS, ids=lambda each: each.name)
def test_both_ends_of_a_range_are_taken_and_nothing_beyond(each: Field[Any]) -> None:
    name, least, most = each.name, about(each).least, about(each).most
    assert least is not None
    assert most is not None
    for value in (least, most):
        told(name, value)
    for value in (math.nextafter(least, -math.inf), most + max(1, most * 1e-9), math.inf, -math.inf, math.nan, 1e300):
        if not about(each).or_zero or value != 0:
            with pytest.raises(OptionError, match=name):
                told(name, value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"durability": "fast"}, "durability must be strict or relaxed, not fast"),
        ({"log_jobs": "some"}, "log_jobs must be one of none, failed, all, not some"),
    ],
)
def test_what_is_no_choice_is_told_with_those_that_there_are(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=f"^{message}$"):
        WorkerSettings(**given)
    with pytest.raises(
        OptionError, match=r"^log_level must be one of debug, info, warning, error, critical, not loud$"
    ):
        LaunchSettings(log_level="loud")


def test_a_connection_string_is_not_shown() -> None:
    assert "s3cret" not in f"{LaunchSettings(dsn='s3cret')} {ServeSettings(dsn='s3cret', app='a:b')}"


def test_every_default_is_one_that_may_be_given() -> None:
    for each in every_setting():
        if each.default is not MISSING:
            about(each).check(each.name, each.default)


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
