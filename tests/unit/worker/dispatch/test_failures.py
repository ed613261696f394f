"""What becomes of a job by what its handler raised: its own decision, the declaration's, or the retry policy's."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from pooljobs import ClaimLostError, Discard, Fail, JobContext, PoolJobs, Retry, Snooze
from pooljobs.job.verdict import Settlement, Verdict
from tests.unit.worker.dispatching import dispatching

WHEN = datetime(2030, 1, 1, tzinfo=UTC)

app = PoolJobs(retry_delay_secs=100)


class GoneError(LookupError):
    """Of the application."""


class QuietFail(Fail):
    """An application's own."""


@app.job
def decides(what: str) -> None:
    raise {
        "snooze": Snooze(60, "not yet"),
        "snooze silently": Snooze(60),
        "snooze until": Snooze(WHEN),
        "retry": Retry(after=7, why="busy"),
        "retry by policy": Retry(),
        "fail": Fail("no such customer"),
        "fail by its own class": QuietFail("no such customer"),
        "discard": Discard("sold out"),
        "in a group": BaseExceptionGroup("several", [ValueError(), Snooze(60)]),
    }[what]


@app.job
async def decides_asynchronously() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(decides_later())


async def decides_later() -> None:
    await asyncio.sleep(0)
    raise Fail("from a task of its own")


@app.job(fail_on=ValueError, discard_on=GoneError, backoff=lambda attempt, error: attempt + len(str(error)))
def by_class(what: str) -> None:
    raise {"value": ValueError("no"), "gone": GoneError("no"), "other": KeyError("ab")}[what]


@app.job(retry_on=TimeoutError)
def strict(what: str) -> None:
    raise TimeoutError if what == "timeout" else ValueError


def no_backoff(_attempt: int, _error: BaseException) -> float:
    raise RuntimeError("who knows")


@app.job(backoff=no_backoff, retry_policy="fixed", retry_delay_secs=11)
def broken_backoff() -> None:
    raise ValueError


def failing_backoff(_attempt: int, _error: BaseException) -> float:
    raise Fail("as a handler would")


@app.job(backoff=failing_backoff, retry_policy="fixed", retry_delay_secs=11)
def backoff_that_decides() -> None:
    raise ValueError


class Limited(Snooze):
    """Forgets its base."""

    def __init__(self, secs: float) -> None:
        self.secs = secs


class Judges(type):
    """A class of classes of exceptions that may do anything when it is asked."""

    def __instancecheck__(cls, instance: object) -> bool:
        raise SystemExit("not asked")


class UnaskedError(Exception, metaclass=Judges):
    """Of the application."""


def changed(outcome: Snooze | Retry, **values: object) -> Snooze | Retry:
    for name, value in values.items():
        setattr(outcome, name, value)
    return outcome


WRONG: dict[str, Callable[[], BaseException]] = {
    "forgets its base": lambda: Limited(5),
    "no number": lambda: changed(Snooze(5), delay=math.nan),
    "before": lambda: changed(Snooze(5), delay=-5),
    "no instant": lambda: changed(Snooze(5), run_at="tomorrow"),
    "neither": lambda: changed(Snooze(5), delay=None),
    "never": lambda: changed(Retry(after=5), after=math.inf),
}


@app.job(retry_policy="fixed", retry_delay_secs=11)
def decides_wrongly(what: str) -> None:
    raise WRONG[what]()  # noqa: RSE102  # it is made here


@app.job(retry_policy="fixed", retry_delay_secs=11)
async def decides_wrongly_and_asynchronously(what: str) -> None:
    await asyncio.sleep(0)
    raise WRONG[what]()  # noqa: RSE102  # it is made here


@app.job(fail_on=UnaskedError, retry_policy="fixed", retry_delay_secs=11)
def by_a_class_that_raises() -> None:
    raise ValueError


@app.job
def completes_too_late(ctx: JobContext, what: str) -> None:
    lost = ClaimLostError("elsewhere", job_id=ctx.id if what != "another's" else UUID(int=7))
    raise BaseExceptionGroup("of a task group", [ValueError(), lost]) if what == "in a group" else lost


@app.on_failure
def note(_context: JobContext, error: BaseException, _final: bool) -> None:
    noted.append(error)


noted: list[BaseException] = []


def settlement_of(job_type: str, what: str | None = None, *, attempts: int = 0) -> Settlement:
    with dispatching(app) as here:
        job = here.claimed(job_type, None if what is None else {"what": what})
        job.attempts = attempts
        return here.run(job, 1)


@pytest.mark.parametrize(
    ("what", "verdict", "delay", "error"),
    [
        ("snooze", Verdict.SNOOZED, 60.0, "snoozed: not yet"),
        ("snooze silently", Verdict.SNOOZED, 60.0, None),
        ("snooze until", Verdict.SNOOZED, None, None),
        ("retry", Verdict.RETRY, 7.0, "pooljobs.handler.outcomes.Retry: busy"),
        ("retry by policy", Verdict.RETRY, 0.0, "pooljobs.handler.outcomes.Retry"),
        ("fail", Verdict.FAILED, None, "pooljobs.handler.outcomes.Fail: no such customer"),
        ("fail by its own class", Verdict.FAILED, None, "tests.unit.worker.dispatch.test_failures.QuietFail"),
        ("discard", Verdict.CANCELLED, None, "pooljobs.handler.outcomes.Discard: sold out"),
        ("in a group", Verdict.SNOOZED, 60.0, None),
    ],
)
def test_a_handler_decides_about_its_own_job(
    what: str, verdict: Verdict, delay: float | None, error: str | None
) -> None:
    found = settlement_of("decides", what)
    assert (found.verdict, found.delay, found.run_at) == (verdict, delay, WHEN if what == "snooze until" else None)
    assert found.started_ns
    assert found.error is None if error is None else (found.error or "").startswith(error)


def test_a_retry_of_the_last_run_has_failed() -> None:
    assert settlement_of("decides", "retry", attempts=2).verdict is Verdict.FAILED


def test_a_snooze_is_none_however_many_runs_there_were() -> None:
    assert settlement_of("decides", "snooze", attempts=2).verdict is Verdict.SNOOZED


def test_a_decision_out_of_a_task_group_counts() -> None:
    assert settlement_of("decides_asynchronously").verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("job_type", "what", "verdict", "delay"),
    [
        ("by_class", "value", Verdict.FAILED, None),
        ("by_class", "gone", Verdict.CANCELLED, None),
        ("by_class", "other", Verdict.RETRY, 1.0 + len("'ab'")),
        ("strict", "timeout", Verdict.RETRY, 0.0),
        ("strict", "other", Verdict.FAILED, None),
    ],
)
def test_a_declaration_decides_by_class(job_type: str, what: str, verdict: Verdict, delay: float | None) -> None:
    found = settlement_of(job_type, what)
    assert (found.verdict, found.delay) == (verdict, delay)


def test_where_a_backoff_raises_the_policy_holds_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = settlement_of("broken_backoff")
    assert (found.verdict, found.delay) == (Verdict.RETRY, 11.0)
    assert "broken_backoff): backoff is of no use (RuntimeError: who knows)" in caplog.text
    events = [vars(record)["event"] for record in caplog.records if "event" in vars(record)]
    assert events == ["job_retried"], "one event for one run"


def test_a_backoff_that_decides_as_a_handler_would_decides_nothing() -> None:
    found = settlement_of("backoff_that_decides")
    assert (found.verdict, found.delay) == (Verdict.RETRY, 11.0)


@pytest.mark.hazard(
    "What a handler raises cannot be judged: its worker dies of it, or the job hangs for ever beside others.",
    closed="whatever is raised by the user's classes while they are asked is a failure of that run",
    area="processes",
)
@pytest.mark.parametrize("job_type", ["decides_wrongly", "decides_wrongly_and_asynchronously"])
@pytest.mark.parametrize("what", WRONG)
def test_a_decision_that_cannot_be_carried_out_is_a_failed_run(job_type: str, what: str) -> None:
    found = settlement_of(job_type, what)
    assert (found.verdict, found.delay, found.run_at) == (Verdict.RETRY, 11.0, None)
    assert (found.error or "").startswith("pooljobs.errors.OptionError: ")
    assert "raise WRONG[what]()" in (found.error or ""), "where the handler raised it"
    assert settlement_of(job_type, what, attempts=2).verdict is Verdict.FAILED


def test_classes_that_raise_when_they_are_asked_fail_the_run_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = settlement_of("by_a_class_that_raises")
    assert (found.verdict, found.delay) == (Verdict.RETRY, 11.0)
    assert (found.error or "").startswith("SystemExit: not asked")
    assert "again in 11 s: SystemExit: not asked" in caplog.text


@pytest.mark.parametrize("what", ["plainly", "in a group"])
def test_who_completes_a_job_that_went_elsewhere_has_not_failed(what: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told of a failure that is none; that the settlement is refused is told when it is."""
    noted.clear()
    with caplog.at_level(logging.INFO):
        found = settlement_of("completes_too_late", what, attempts=2)
    assert (found.verdict, noted, caplog.messages) == (Verdict.RELEASED, [], [])


def test_another_jobs_lost_claim_is_an_error_as_any_other() -> None:
    assert settlement_of("completes_too_late", "another's", attempts=2).verdict is Verdict.FAILED
