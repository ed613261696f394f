"""Cancelling from an application: sync, async, and in the caller's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row, scalar_row

from pooljobs import Cancellation, DatabaseUnreachableError, JobHandle, NotMigratedError, OptionError, PoolJobs
from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, register, scalar, settle_all

Conn = psycopg.Connection[Any]


@pytest.fixture
def app(dsn: str) -> Iterator[PoolJobs]:
    with PoolJobs(dsn, pool_size=2) as made:
        yield made


def status(connection: Conn, job: JobHandle) -> Any:
    return scalar(connection, "SELECT status FROM pooljobs.jobs WHERE id = %s", job.id)


def test_each_outcome(app: PoolJobs, connection: Conn) -> None:
    pending, running = app.enqueue("a"), app.enqueue("a", queue="q")
    [run] = claim(connection, register(connection), queues=("q",)) or []
    assert app.cancel(pending, reason="one \0 line") is Cancellation.CANCELLED
    assert app.cancel(running.id) is Cancellation.REQUESTED
    settle_all(connection, run.settled(Verdict.CANCELLED))
    assert app.cancel(str(running.id)) is Cancellation.ENDED
    assert app.cancel(uuid4()) is Cancellation.UNKNOWN
    error = scalar(connection, "SELECT last_error FROM pooljobs.jobs WHERE id = %s", pending.id)
    assert error == "cancelled before it ran: one \\x00 line"


def test_from_a_coroutine(app: PoolJobs, connection: Conn) -> None:
    job = app.enqueue("a")
    assert asyncio.run(app.cancel_async(job)) is Cancellation.CANCELLED
    assert status(connection, job) == "cancelled"


@pytest.mark.parametrize("row_factory", [dict_row, scalar_row])
def test_in_the_callers_transaction(
    app: PoolJobs, dsn: str, connection: Conn, row_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = app.enqueue("a")
    for name in ("POOLJOBS_DSN", "DATABASE_URL"):
        monkeypatch.setenv(name, "no connection string")  # what the application itself would use is not looked at
    with psycopg.connect(dsn, row_factory=row_factory) as caller:
        assert PoolJobs().cancel_with(caller, job) is Cancellation.CANCELLED
        assert status(connection, job) == "pending"
        caller.rollback()
        assert PoolJobs().cancel_with(caller, job.id, reason="so") is Cancellation.CANCELLED
        caller.commit()
    assert status(connection, job) == "cancelled"


def test_the_same_on_an_asynchronous_connection(app: PoolJobs, dsn: str, connection: Conn) -> None:
    job = app.enqueue("a")

    async def cancel() -> Cancellation:
        async with await psycopg.AsyncConnection.connect(dsn) as caller:
            await app.cancel_with(caller, job)
            await caller.rollback()
            return await app.cancel_with(caller, job)

    assert asyncio.run(cancel()) is Cancellation.CANCELLED
    assert status(connection, job) == "cancelled"


def test_a_job_enqueued_in_the_same_transaction(app: PoolJobs, dsn: str, connection: Conn) -> None:
    with psycopg.connect(dsn) as caller:
        job_id: UUID = scalar(caller, "SELECT pooljobs.enqueue('a')")
        assert app.cancel_with(caller, job_id) is Cancellation.CANCELLED
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "cancelled"


@pytest.mark.parametrize("wrong", ["", "abc", None, 7])
def test_what_is_no_id_is_refused(wrong: Any) -> None:
    with pytest.raises(OptionError, match="is not a job's id"):
        PoolJobs("host=127.0.0.1 port=1").cancel(wrong)


def test_what_is_no_connection_is_refused() -> None:
    with pytest.raises(OptionError, match="cancel_with takes a connection of psycopg"):
        PoolJobs().cancel_with("connection", uuid4())  # type: ignore[call-overload] # that is what is refused


def test_a_database_without_the_schema_says_so(empty_dsn: str) -> None:
    with PoolJobs(empty_dsn) as app, pytest.raises(NotMigratedError):
        app.cancel(uuid4())


def test_a_database_that_is_older_says_so(dsn: str, connection: Conn) -> None:
    connection.execute("DROP FUNCTION pooljobs.cancel")
    with PoolJobs(dsn) as app, pytest.raises(NotMigratedError, match="older"):
        app.cancel(uuid4())


def test_nobody_there_is_one_clear_error() -> None:
    with PoolJobs("host=127.0.0.1 port=1 connect_timeout=2") as app, pytest.raises(DatabaseUnreachableError):
        app.cancel(uuid4())
