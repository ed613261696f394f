"""What a handler raises about its own job is checked where it is made."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta

import pytest

from pooljobs import Discard, Fail, JobOutcome, OptionError, Retry, Snooze
from pooljobs.handler import outcomes


def test_what_the_docstrings_show() -> None:
    assert doctest.testmod(outcomes).failed == 0


def test_none_of_them_is_swallowed_by_except_exception() -> None:
    assert all(not issubclass(each, Exception) for each in (JobOutcome, Snooze, Retry, Fail, Discard))


def test_a_snooze_takes_seconds_a_duration_or_an_instant() -> None:
    when = datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert [(s.delay, s.run_at) for s in (Snooze(60), Snooze(timedelta(hours=1)), Snooze(when))] == [
        (60.0, None),
        (3600.0, None),
        (None, when),
    ]


@pytest.mark.parametrize("until", [-1, "tomorrow", float("nan"), datetime(2026, 1, 1), None])  # noqa: DTZ001
def test_anything_else_is_refused(until: object) -> None:
    with pytest.raises(OptionError, match=r"^until must be"):
        Snooze(until)  # type: ignore[arg-type]


def test_a_retry_has_no_delay_of_its_own_unless_one_is_given() -> None:
    assert (Retry().after, Retry(after=timedelta(seconds=3)).after, Retry(0).after) == (None, 3.0, 0.0)
    with pytest.raises(OptionError, match=r"^after must be between"):
        Retry(after=-1)
