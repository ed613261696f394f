"""An application's jobs in a test, run in other ways: inline, one by itself, on a connection, in an event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs import PoolJobs
from pooljobs.testing import Drained, JobHarness, Verdict, harness
from tests.support.harness_app import chain, completes, fails, fails_at_once, greet, mail, pooljobs_app, seen

__all__ = ["pooljobs_app"]


def test_a_run_by_itself_may_complete_its_job_on_a_connection_and_an_inline_one_too(jobs: JobHarness, dsn: str) -> None:
    assert jobs.run(completes, dsn=dsn).verdict is Verdict.COMPLETED
    with jobs.inline(), psycopg.connect(dsn) as connection:
        seen.clear()
        completes.enqueue_with(connection, dsn=dsn)
        greet.enqueue_many_with(connection, [{"name": "Ada"}, {"name": "Bob"}])
    assert len(seen) == 2
    assert jobs.drain() == Drained()


@pytest.mark.asyncio
async def test_an_inline_job_on_an_async_connection_is_awaited(jobs: JobHarness, dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        with jobs.inline():
            seen.clear()
            await greet.enqueue_with(connection, name="Ada")
    assert len(seen) == 1
    assert await jobs.drain_async() == Drained()


def test_in_a_transaction_that_nobody_commits(jobs: JobHarness) -> None:
    with psycopg.connect(jobs.dsn, row_factory=dict_row) as connection:
        greet.enqueue_with(connection, name="Ada")
        chain.enqueue_with(connection, left=0)
        fails_at_once.enqueue_with(connection)
        assert jobs.drain() == Drained()
        assert jobs.drain(connection=connection) == Drained(completed=2, retried=2, failed=1)
        connection.rollback()
    assert seen == ["Ada"]
    assert jobs.enqueued() == []


def test_a_handler_on_the_tests_connection_does_not_break_its_transaction(jobs: JobHarness) -> None:
    own = PoolJobs()
    made: list[Connection[Any]] = []

    @own.job(max_attempts=1)
    def runs(query: str) -> None:
        made[0].execute(query.encode())

    with harness(own, jobs.dsn) as inner, psycopg.connect(jobs.dsn) as connection:
        made.append(connection)
        for query in ("CREATE TABLE seen ()", "SELECT nothing", "INSERT INTO seen DEFAULT VALUES"):
            runs.enqueue_with(connection, query=query)
        assert inner.drain(connection=connection) == Drained(completed=2, failed=1)
        assert len(connection.execute("SELECT FROM seen").fetchall()) == 1


@pytest.mark.asyncio
async def test_in_an_event_loop(jobs: JobHarness) -> None:
    await mail.enqueue_async(to="x")
    await greet.enqueue_async(name="Ada")
    await fails.enqueue_async()
    assert await jobs.drain_async() == Drained(completed=2, retried=1)
    assert seen[0][1] is asyncio.get_running_loop()
    assert (await jobs.run_async(mail, to="y")).error is None
    with pytest.raises(RuntimeError, match=r"await jobs\.drain_async"):
        jobs.drain()
    with pytest.raises(RuntimeError, match=r"await jobs\.run_async"):
        jobs.run(mail, to="y")
    await greet.enqueue_async(name="Bob")
    await fails.enqueue_async(text="raised")
    with pytest.raises(ValueError, match="raised"):
        await jobs.drain_async(raising=True)


def test_one_run_stores_nothing(jobs: JobHarness) -> None:
    ran = jobs.run(greet.options(priority=3), "Ada", times=2, attempt=2)
    assert (ran.error, seen, jobs.enqueued()) == (None, ["Ada"], [])
    assert jobs.run(completes, dsn=jobs.dsn).error is None


def test_inline_runs_at_the_enqueue(jobs: JobHarness) -> None:
    with jobs.inline():
        greet.enqueue(name="Ada")
    greet.enqueue(name="Bob")
    assert seen == ["Ada"]
    assert len(jobs.enqueued()) == 1
