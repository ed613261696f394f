"""An application's jobs in a test: all that is due is run by the real statements, and what becomes of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import (
    PoolJobs,
    TimeLimitExceeded,
)
from pooljobs.testing import Drained, JobHarness, harness
from tests.support.claims import scalar
from tests.support.harness_app import (
    app,
    cancels,
    cancels_itself,
    chain,
    completes,
    decides,
    endless,
    fails,
    fails_at_once,
    greet,
    look,
    mail,
    pooljobs_app,
    seen,
    sleeps,
)

__all__ = ["look", "pooljobs_app"]


def test_all_that_is_due_runs_and_what_comes_of_it(jobs: JobHarness) -> None:
    chain.enqueue(left=3)
    greet.enqueue(name="Ada")
    mail.enqueue(to="x")
    assert jobs.drain() == Drained(completed=6)
    assert jobs.drain() == Drained()
    assert threading.current_thread() in seen[1]


def test_the_order_is_by_priority_and_then_by_time(jobs: JobHarness) -> None:
    for name, priority, queue in (("c", 0, "z"), ("d", 0, "a"), ("e", 1, "a"), ("a", -4, "z"), ("b", -1, "b")):
        greet.options(priority=priority, queue=queue).enqueue(name=name)
    jobs.drain()
    assert seen == ["a", "b", "c", "d", "e"]


def test_retries_that_are_due_at_once_run(jobs: JobHarness) -> None:
    fails_at_once.enqueue()
    assert jobs.drain() == Drained(retried=2, failed=1)


def test_what_handlers_decide_is_counted(jobs: JobHarness) -> None:
    decides.enqueue(how="snooze")
    decides.enqueue(how="discard")
    assert jobs.drain() == Drained(snoozed=1, cancelled=1)
    jobs.travel(minutes=1)
    assert jobs.drain() == Drained(snoozed=1)


def test_a_failure_is_raised_once_it_is_stored(jobs: JobHarness, look: Connection[Any]) -> None:
    fails.enqueue(text="raised")
    with pytest.raises(ValueError, match="raised") as told:
        jobs.drain(raising=True)
    assert told.traceback[-1].name == "fails"
    assert scalar(look, "SELECT attempts FROM pooljobs.jobs") == 1


def test_a_failure_is_in_the_log_as_a_warning(jobs: JobHarness, caplog: pytest.LogCaptureFixture) -> None:
    fails.enqueue()
    jobs.drain()
    assert "in fails" in caplog.text


def test_a_chain_without_an_end_is_an_error(jobs: JobHarness) -> None:
    endless.enqueue()
    with pytest.raises(AssertionError, match=r"after 20 runs a job of endless is due: .* endless \(20 runs\)"):
        jobs.drain(safety=20)
    assert len(jobs.enqueued(endless)) == 1


def test_what_is_meant_for_pytest_ends_the_drain_and_the_job_goes_back(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def checks() -> None:
        pytest.fail("seen in a handler")

    with harness(own, jobs.dsn) as inner:
        checks.enqueue()
        with pytest.raises(pytest.fail.Exception, match="seen in a handler"):
            inner.drain()
        assert len(inner.enqueued(checks)) == 1


def test_time_limits_hold(jobs: JobHarness) -> None:
    sleeps.enqueue()
    with pytest.raises(TimeLimitExceeded):
        jobs.drain(raising=True)


def test_cancellations(jobs: JobHarness, look: Connection[Any]) -> None:
    victim = greet.options(delay=1).enqueue(name="never")
    cancels.enqueue(job=str(victim.id))
    itself = cancels_itself.enqueue()
    jobs.drain()
    jobs.travel(hours=1)
    assert jobs.drain() == Drained()
    statuses = dict(look.execute("SELECT id, status FROM pooljobs.jobs").fetchall())
    assert (statuses[victim.id], statuses[itself.id]) == ("cancelled", "cancelled")
    assert seen == []


def test_what_is_paused_waits_and_the_rest_runs(jobs: JobHarness) -> None:
    greet.enqueue(name="first")
    mail.enqueue(to="Ada")
    app.pause_type("greet")
    assert jobs.drain().completed == 1
    assert [each[0] for each in seen] == ["Ada"]
    app.resume_type("greet")
    app.pause_queue("emails")
    assert jobs.drain().completed == 1
    app.resume_queue("emails")
    assert seen[1:] == ["first"]


@pytest.mark.parametrize("commit", [True, False])
def test_completion_in_the_handlers_transaction(jobs: JobHarness, *, commit: bool) -> None:
    completes.enqueue(dsn=jobs.dsn, commit=commit)
    assert jobs.drain() == Drained(completed=1)
