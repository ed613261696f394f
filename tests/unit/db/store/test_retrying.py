"""What may be tried again is, until the caller's patience is over; then the error is the database's own."""

from __future__ import annotations

import asyncio
import time

import pytest

from pooljobs.db.store import retrying
from pooljobs.db.store.retrying import RetryableError, RetryDeadline, tried, tried_async
from pooljobs.errors import DatabaseUnreachableError

AWAY = DatabaseUnreachableError("away")


class Attempt:
    """Fails so many times, then succeeds; as it is told."""

    def __init__(self, failures: int, *, at_once: bool = False) -> None:
        self.left = failures
        self.at_once = at_once
        self.made = 0

    def __call__(self, until: float) -> float:
        self.made += 1
        if self.left:
            self.left -= 1
            raise RetryableError(AWAY, at_once=self.at_once)
        return until

    async def awaited(self, until: float) -> float:
        return self(until)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE", 0.001)


def test_it_is_tried_until_it_succeeds() -> None:
    attempt = Attempt(5)
    assert tried(attempt, 600) > time.monotonic()
    assert asyncio.run(tried_async(Attempt(5).awaited, 600)) > time.monotonic()
    assert attempt.made == 6


@pytest.mark.parametrize("wait", [0, 0.05])
def test_the_error_is_raised_when_the_time_is_over_and_without_a_word_of_the_tries(wait: float) -> None:
    for run in (tried, lambda attempt, wait: asyncio.run(tried_async(attempt.awaited, wait))):
        attempt = Attempt(1_000_000)
        with pytest.raises(DatabaseUnreachableError) as told:
            run(attempt, wait)
        assert told.value is AWAY
        assert told.value.__context__ is None
        assert attempt.made == 1 if wait == 0 else attempt.made > 1


def test_another_way_is_tried_at_once_and_only_once() -> None:
    attempt = Attempt(9, at_once=True)
    with pytest.raises(DatabaseUnreachableError):
        tried(attempt, 600)
    assert attempt.made == 2
    assert tried(Attempt(1, at_once=True), 0)


def test_other_errors_are_not_tried_again() -> None:
    def fails(_until: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tried(fails, 600)


def test_it_gives_up_before_a_pause_that_would_end_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "PAUSE", 1000)
    with pytest.raises(DatabaseUnreachableError):
        RetryDeadline(10).pause(RetryableError(AWAY))
