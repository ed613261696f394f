from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.errors import OptionError
from pooljobs_cli.arguments.time_arguments import delay_of, moment_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", 1.5), ("1h", 3600), ("1h30m", 5400), ("1h 30m", 5400), ("2 d", 172800), ("250ms", 0.25)],
)
def test_seconds_or_numbers_with_units(text: str, seconds: float) -> None:
    delay = delay_of(text)
    assert (delay.total_seconds() if isinstance(delay, timedelta) else delay) == seconds


@pytest.mark.parametrize("text", ["", "h", "1x", "1h30", "1 hour", "-1h", "1h,30m", "9" * 400 + "w", "1minute", "٣h"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        delay_of(text)
    assert caught.value.hint


@given(st.text(alphabet="0123456789.hmsdw -e", max_size=12))
def test_any_text_is_a_delay_or_refused(text: str) -> None:
    with suppress(OptionError):
        assert isinstance(delay_of(text), float | timedelta)


def test_a_moment_is_of_the_zone_that_it_names_or_of_this_machine() -> None:
    expected = datetime(2026, 12, 24, 18, tzinfo=timezone(timedelta(hours=1)))
    assert moment_of("2026-12-24T18:00+01:00") == expected
    assert moment_of("2026-12-24T17:00Z") == expected
    assert moment_of("2026-12-24 18:00") == datetime(2026, 12, 24, 18).astimezone()
    assert moment_of("2026-12-24T18:00").tzinfo is not None
    assert moment_of("2026-12-24T17:00+00:00").astimezone(UTC).hour == 17


@pytest.mark.parametrize("text", ["", "tomorrow", "18:00", "2026-13-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as caught:
        moment_of(text)
    assert caught.value.hint
