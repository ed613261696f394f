"""The examples of hooks and of providers do what they say, each as a worker runs it."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from tests.support.in_process import working


@pytest.fixture
def example(request: pytest.FixtureRequest, owner_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of examples/."""
    monkeypatch.setenv("DATABASE_URL", owner_dsn)
    return importlib.import_module(f"examples.{request.param}")


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
