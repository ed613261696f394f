from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from pooljobs import OptionError
from pooljobs.job.options import EnqueueOptions

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("delay", "secs"), [(None, 0.0), (0, 0.0), (60, 60.0), (1.5, 1.5), (timedelta(minutes=2), 120.0)]
)
def test_a_delay_is_in_seconds(delay: float | timedelta | None, secs: float) -> None:
    assert EnqueueOptions(delay=delay).delay_secs == secs


@pytest.mark.parametrize(
    "given",
    [
        {"priority": -4},
        {"priority": 4},
        {"queue": "q" * 200},
        {"trace_id": "t" * 200},
        {"max_retries": 1},
        {"max_retries": 2**31 - 1},
        {"run_at": NOW},
        {"run_at": NOW.astimezone(timezone(timedelta(hours=-11)))},
    ],
)
def test_the_ends_of_each_range_are_taken(given: dict[str, Any]) -> None:
    EnqueueOptions(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"delay": 1, "run_at": NOW}, "exclude each other"),
        ({"delay": -1}, "delay must be between"),
        ({"delay": float("nan")}, "delay must be between"),
        ({"delay": float("inf")}, "delay must be between"),
        ({"delay": timedelta(days=40_000)}, "delay must be between"),
        ({"delay": True}, "delay must be a number"),
        ({"delay": "1"}, "delay must be a number"),
        ({"run_at": datetime(2026, 1, 1)}, "run_at must be an aware datetime"),  # noqa: DTZ001 - that is the point
        ({"run_at": "2026-01-01"}, "run_at must be a datetime"),
        ({"run_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, "outside the years"),
        ({"priority": -5}, "priority must be"),
        ({"priority": 5}, "priority must be"),
        ({"priority": True}, "priority must be"),
        ({"priority": 1.0}, "priority must be"),
        ({"queue": ""}, "queue must be a non-empty string"),
        ({"queue": "q" * 201}, "queue must have at most 200 characters"),
        ({"queue": "a\0b"}, "queue .* contains a character"),
        ({"queue": "\ud800"}, "queue .* contains a character"),
        ({"queue": 1}, "queue must be a non-empty string"),
        ({"trace_id": "t" * 201}, "trace_id must have at most 200"),
        ({"trace_id": "a\0b"}, "trace_id .* contains a character"),
        ({"max_retries": 0}, "max_retries is the total number of runs"),
        ({"max_retries": 2**31}, "max_retries is the total number of runs"),
        ({"max_retries": True}, "max_retries is the total number of runs"),
    ],
)
def test_what_is_out_of_range_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        EnqueueOptions(**given)
