"""What a handler may say of its limits."""

from __future__ import annotations

import pickle
from datetime import timedelta
from uuid import UUID

import pytest

from pooljobs import DeclarationError, JobCancelled, JobInterrupt, PoolJobs, TimeLimit, TimeLimitExceeded
from pooljobs.errors import OptionError
from pooljobs.settings import WorkerSettings


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, None),
        (60, TimeLimit(soft=60.0, hard=65.0)),
        (0.5, TimeLimit(soft=0.5, hard=5.5)),
        (timedelta(minutes=2), TimeLimit(soft=120.0, hard=125.0)),
        (TimeLimit(hard=3), TimeLimit(hard=3)),
        (0, TimeLimit()),
    ],
)
def test_a_number_is_the_soft_limit_and_the_hard_one_comes_five_seconds_later(
    given: float | timedelta | TimeLimit | None, meant: TimeLimit | None
) -> None:
    assert TimeLimit.of(given) == meant
    app = PoolJobs()

    @app.job(time_limit=given)
    def handler() -> None: ...

    assert handler.time_limit == meant


def test_limits_are_counted_in_nanoseconds() -> None:
    limit = TimeLimit(soft=timedelta(milliseconds=1), hard=2)
    assert (limit.soft_ns, limit.hard_ns) == (1_000_000, 2_000_000_000)
    assert (TimeLimit(hard=1).soft_ns, TimeLimit(soft=1).hard_ns) == (0, 0)


@pytest.mark.parametrize(
    ("soft", "hard"),
    [(0, 1), (-1, None), (None, 0), (2, 2), (2, 1), (1e12, None), (float("nan"), 1), (None, float("inf"))],
)
def test_limits_out_of_range_are_refused(soft: float | None, hard: float | None) -> None:
    with pytest.raises(DeclarationError, match="time limit"):
        TimeLimit(soft, hard)


@pytest.mark.parametrize("given", [True, "60", -1, [60]])
def test_what_is_no_limit_is_refused(given: object) -> None:
    with pytest.raises(DeclarationError):
        PoolJobs().job(time_limit=given)  # type: ignore[call-overload]


def test_the_setting_of_serve_has_the_same_range() -> None:
    assert WorkerSettings(time_limit=0).time_limit == 0
    for secs in (-1.0, 1e-9, 1e12, float("nan")):
        with pytest.raises(OptionError, match="time_limit"):
            WorkerSettings(time_limit=secs)


def test_interrupts_are_not_caught_as_exceptions_and_say_which_job_is_meant() -> None:
    job_id = UUID(int=7)
    for interrupt, words in [
        (TimeLimitExceeded(job_id, 60.0), "time limit of 60 s exceeded"),
        (JobCancelled(job_id), "the job was cancelled while it ran"),
    ]:
        assert isinstance(interrupt, JobInterrupt)
        assert not isinstance(interrupt, Exception)
        assert str(interrupt) == words
        copy = pickle.loads(pickle.dumps(interrupt))
        assert (type(copy), copy.job_id, str(copy)) == (type(interrupt), job_id, words)
