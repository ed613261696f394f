"""The examples of hooks and of providers do what they say, each as a worker runs it."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pooljobs import PoolJobs, State, injected
from tests.support.database_url import as_url
from tests.support.in_process import working


@pytest.fixture
def example(request: pytest.FixtureRequest, owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of examples/."""
    monkeypatch.setenv("DATABASE_URL", as_url(owner_dsn))
    return importlib.reload(importlib.import_module(f"examples.{request.param}"))


def statuses(connection: Connection[Any]) -> list[tuple[str, str]]:
    return connection.execute("SELECT job_type, status FROM pooljobs.jobs ORDER BY created_at").fetchall()


@pytest.mark.parametrize("example", ["request_tenants"], indirect=True)
def test_a_tenant_goes_with_its_jobs(
    example: Any, owner_dsn: str, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    app: PoolJobs = example.app
    with working(app, owner_dsn) as run_all, caplog.at_level(logging.INFO, logger="examples.request_tenants"):
        for tenant in ("acme", "umbrella"):
            token = example.tenant.set(tenant)
            example.close_month.enqueue("2027-01")
            example.tenant.reset(token)
        run_all()
        said = {record.getMessage() for record in caplog.records if record.name == "examples.request_tenants"}
    assert said == {f"{t} closes 2027-01" for t in ("acme", "umbrella")} | {
        f"report of 2027-01 for {t}" for t in ("acme", "umbrella")
    }
    assert {status for _, status in statuses(connection)} == {"completed"}


@pytest.mark.parametrize("example", ["transactions"], indirect=True)
def test_a_transaction_a_run_commits_all_or_nothing(example: Any, owner_dsn: str, connection: Connection[Any]) -> None:
    connection.execute("CREATE TABLE accounts AS VALUES ('ada', 10), ('charles', 0)")
    connection.execute("ALTER TABLE accounts RENAME column1 TO name")
    connection.execute("ALTER TABLE accounts RENAME column2 TO balance")
    with working(example.app, owner_dsn) as run_all:
        for amount in (7, 7):
            example.transfer.options(max_attempts=1).enqueue(source="ada", target="charles", amount=amount)
        run_all()
        pool = example.app.state.get(example.ConnectionPool)
        assert not pool.closed
    assert pool.closed
    assert dict(connection.execute("SELECT name, balance FROM accounts").fetchall()) == {"ada": 3, "charles": 7}
    assert sorted(status for _, status in statuses(connection)) == ["completed", "failed"]
    completed, failed = connection.execute(
        "SELECT (SELECT xmin::text FROM pooljobs.history WHERE status = 'completed'),"
        " (SELECT xmin::text FROM pooljobs.history WHERE status = 'failed')"
    ).fetchone() or (None, None)
    written = {row[0] for row in connection.execute("SELECT xmin::text FROM accounts")}
    assert completed in written, "the job was completed in its own transaction"
    assert failed not in written


@pytest.fixture
def accounts(example: Any, connection: Connection[Any]) -> dict[str, int]:
    connection.execute("CREATE TABLE accounts (name text PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))")
    connection.execute("INSERT INTO accounts VALUES ('Ada', 10), ('Eve', 10)")
    connection.execute("GRANT ALL ON accounts TO PUBLIC")
    return {"Ada": 10, "Eve": 10}


def balances(connection: Connection[Any]) -> dict[str, int]:
    return dict(connection.execute("SELECT name, balance FROM accounts").fetchall())


@pytest.mark.parametrize("example", ["sqlalchemy_sessions"], indirect=True)
def test_a_session_a_run_commits_with_its_jobs_end(
    example: Any, owner_dsn: str, connection: Connection[Any], accounts: dict[str, int]
) -> None:
    with working(example.jobs, owner_dsn) as run_all:
        example.pay_in.enqueue("Ada", 5)
        example.pay_out.enqueue("Eve", 3)
        run_all()
    assert statuses(connection) == [("pay_in", "completed"), ("pay_out", "completed")]
    assert balances(connection) == {"Ada": 15, "Eve": 7}
    ends, written = (
        {row[0] for row in connection.execute(f"SELECT xmin::text FROM {table}".encode())}
        for table in ("pooljobs.history", "accounts")
    )
    assert ends == written, "each job was completed in the transaction of what it wrote"


@pytest.mark.parametrize("example", ["sqlalchemy_sessions"], indirect=True)
def test_a_session_a_run_is_rolled_back(
    example: Any, owner_dsn: str, connection: Connection[Any], accounts: dict[str, int]
) -> None:
    """By what the handler raises once it has written, and by what the server refuses at the commit, when the job was
    completed in that transaction already."""
    app: PoolJobs = example.jobs

    @app.job
    def writes_and_raises(session: State[Session] = injected()) -> None:
        example.pay_in("Ada", 1, session)
        session.flush()
        raise ValueError

    @app.job
    async def writes_and_raises_too(session: State[AsyncSession] = injected()) -> None:
        await example.pay_out("Eve", 1, session)
        await session.flush()
        raise ValueError

    with working(example.jobs, owner_dsn) as run_all:
        for task in (writes_and_raises, writes_and_raises_too):
            task.options(max_attempts=1).enqueue()
        example.pay_in.options(max_attempts=1).enqueue("Ada", -11)
        example.pay_out.options(max_attempts=1).enqueue("Eve", 11)
        run_all()
    assert {status for _, status in statuses(connection)} == {"failed"}
    assert len(statuses(connection)) == 4
    assert balances(connection) == accounts


@pytest.mark.parametrize("example", ["django_connections"], indirect=True)
def test_djangos_connections_live_no_longer_than_a_run(
    example: Any, owner_dsn: str, connection: Connection[Any], used_database: None
) -> None:
    connection.execute("CREATE TABLE visits (page text, backend int)")
    with working(example.app, owner_dsn) as run_all:
        example.count_visit.enqueue("/")
        example.count_visit.enqueue("/about")
        run_all()
    backends = [row[0] for row in connection.execute("SELECT backend FROM visits").fetchall()]
    assert len(set(backends)) == 2
    assert [status for _, status in statuses(connection)] == ["completed"] * 2


@pytest.fixture
def used_database(example: Any, owner_dsn: str) -> Iterator[None]:
    """Django's settings are a process's: those of another test's database would still hold."""
    from django.db import connections

    yield
    connections.close_all()
