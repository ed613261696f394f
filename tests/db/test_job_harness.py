"""An application's jobs in a test: what was enqueued, and what is said of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import (
    Cancellation,
    PoolJobs,
)
from pooljobs.testing import JobHarness, StoredJob, harness
from tests.support.harness_app import app, greet, labelled, look, mail, pooljobs_app, seen, takes

__all__ = ["look", "pooljobs_app"]


def test_what_was_enqueued_is_found_and_returned(jobs: JobHarness) -> None:
    handle = greet.options(delay=timedelta(hours=1), priority=2, queue="special", trace_id="t").enqueue(name="Ada")
    greet.enqueue(name="Bob")
    job = jobs.assert_enqueued(greet, name="Ada", queue="special", delay=3600, priority=2, trace_id="t", max_retries=3)
    assert isinstance(job, StoredJob)
    assert (job.id, job.payload, job.state) == (handle.id, {"name": "Ada"}, "pending")
    assert jobs.assert_enqueued("greet", {"name": "Ada"}) == job
    assert jobs.assert_enqueued(greet, run_at=job.run_at) == job
    assert [each.payload["name"] for each in jobs.enqueued(greet)] == ["Ada", "Bob"]
    assert jobs.enqueued(greet, name="Bob") == jobs.enqueued()[1:]
    jobs.refute_enqueued(mail)
    jobs.refute_enqueued(greet, name="Eve")
    assert app.cancel(job) is Cancellation.CANCELLED
    jobs.refute_enqueued(greet, name="Ada")


def test_what_is_no_task_is_refused_by_what_would_be_one(jobs: JobHarness) -> None:
    bare: Any = greet.function
    for wrong in (lambda: jobs.run(bare, name="Ada"), lambda: jobs.assert_enqueued(bare), lambda: jobs.enqueued(bare)):
        with pytest.raises(TypeError, match=r"a task is what @app\.job makes, or its name"):
            wrong()


def test_what_was_not_is_told_with_what_was(jobs: JobHarness) -> None:
    mail.enqueue(to="ada@example.com")
    greet.enqueue(name="Bob")
    with pytest.raises(AssertionError) as told:
        jobs.assert_enqueued(greet, name="Ada", queue="emails")
    lines = str(told.value).splitlines()
    assert lines[:2] == ["no such job is enqueued: greet(payload={'name': 'Ada'}, queue='emails')", "enqueued are:"]
    assert [line.split()[0] for line in lines if "(queue" in line] == ["greet", "mail"]
    with pytest.raises(AssertionError, match="and should not be: greet"):
        jobs.refute_enqueued(greet)
    jobs.drain()
    with pytest.raises(AssertionError, match="there was one, which is completed by now"):
        jobs.assert_enqueued(greet, name="Bob")


def test_a_field_may_be_named_as_an_option_is(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job
    def ship(queue: str) -> None: ...

    with harness(own, jobs.dsn) as inner:
        ship.enqueue(queue="front")
        inner.assert_enqueued(ship, {"queue": "front"}, queue="default")
        with pytest.raises(AssertionError, match="queue is an option here; for the payload's field"):
            inner.assert_enqueued(ship, queue="front")


def test_what_is_secret_is_in_no_error(jobs: JobHarness) -> None:
    own = PoolJobs()

    @own.job(secret=("password",))
    def log_in(name: str, password: str) -> None: ...

    with harness(own, jobs.dsn) as inner:
        log_in.enqueue(name="Ada", password="correct horse")
        with pytest.raises(AssertionError) as missed:
            inner.assert_enqueued(log_in, password="battery")
        with pytest.raises(AssertionError) as unwanted:
            inner.refute_enqueued(log_in)
        assert "'password': '***'" in str(missed.value)
        assert "correct horse" not in f"{missed.value}{unwanted.value}"


def test_a_payload_that_is_taken_whole(jobs: JobHarness) -> None:
    takes.enqueue(data=[1, 2])
    jobs.assert_enqueued(takes, data=[1, 2])
    jobs.refute_enqueued(takes, data=[1, 2, 3])


def test_sql_knows_what_the_application_declares(jobs: JobHarness, look: Connection[Any]) -> None:
    look.execute("SELECT pooljobs.enqueue('mail', '{\"to\": \"x\"}')")
    jobs.assert_enqueued(mail, to="x", queue="emails")


def test_tags_and_meta_are_there_for_the_test_and_for_the_handler(jobs: JobHarness) -> None:
    bound = labelled.options(tags=["a"], meta={"b": 1})
    bound.enqueue()
    stored = jobs.assert_enqueued(labelled)
    assert (stored.tags, stored.meta) == (("a",), {"b": 1})
    jobs.drain(raising=True)
    assert jobs.run(bound).error is None
    with jobs.inline():
        bound.enqueue()
    assert seen == [(("a",), {"b": 1})] * 3
