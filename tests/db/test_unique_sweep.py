"""Unique jobs: keys that nobody holds any more are swept."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from pooljobs import PoolJobs, Unique
from pooljobs.db.connect import pinned_transaction
from tests.support.claims import SQL
from tests.support.plans import explain
from tests.support.unique_jobs import Conn, app, report_of, run

__all__ = ["app"]


def _nothing(n: int) -> None: ...


def sweep(connection: Conn, after: bytes = b"", most: int = 5000) -> Any:
    return connection.execute(SQL.load("sweep_uniques"), {"after": after, "most": most}).fetchone()


def test_the_sweep_deletes_what_holds_nothing(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    throttled = app.job(name="throttled", unique=Unique(within=3600))(_nothing)
    report.enqueue_many({"customer": n} for n in range(10))
    throttled.enqueue_many({"n": n} for n in range(5))
    connection.execute(
        "DELETE FROM pooljobs.live WHERE job_type = 'throttled' OR (payload ->> 'customer')::integer < 4"
    )
    after: Any = b""
    swept = []
    while after is not None:
        after, count = sweep(connection, after, 4)
        swept.append(count)
    assert (sum(swept), len(swept)) == (4, 4)
    assert report.enqueue_many({"customer": n} for n in range(10)).outcomes == ["new"] * 4 + ["kept"] * 6


@pytest.mark.hazard(
    "The sweep deletes a key that was taken over while it waited: its snapshot does not show the new job",
    closed="rows are locked as they were read, job and `taken_at`, or left (`sweep_uniques.sql`)",
    area="enqueueing",
)
def test_the_sweep_leaves_a_key_that_was_taken_over_meanwhile(app: PoolJobs, connection: Conn, dsn: str) -> None:
    """The row that it waits for names another job by then, which no snapshot of its own shows."""
    report = report_of(app)
    report.enqueue(customer=7)
    run(connection)
    with psycopg.connect(dsn) as caller, psycopg.connect(dsn, autocommit=True) as steward:
        second = report.enqueue_with(caller, customer=7)
        assert sweep(steward) == (None, 0)
        caller.commit()
        assert sweep(steward) == (None, 0)
    assert report.enqueue(customer=7).id == second.id


def test_the_sweep_reads_keys_and_jobs_by_their_indexes(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    report.enqueue_many({"customer": n} for n in range(20_000))
    connection.execute("DELETE FROM pooljobs.live WHERE (payload ->> 'customer')::integer % 2 = 0")
    connection.execute("ANALYZE pooljobs.live, pooljobs.uniques")
    with pinned_transaction(connection):
        plan = explain(connection, SQL.load("sweep_uniques"), {"after": b"", "most": 500})
    assert plan.of("uniques", "live") == {("uniques", "uniques_pkey"), ("live", "live_pkey")}
    assert plan.rows("uniques", "live") <= 5 * 500
