"""Unique jobs: who holds a key, and for how long."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors

from pooljobs import PoolJobs, Unique
from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, register, scalar
from tests.support.unique_jobs import Conn, app, end, live, report_of, run

__all__ = ["app"]


def test_the_second_enqueue_gives_the_handle_of_the_first(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first, second, other = report.enqueue(customer=7), report.enqueue(customer=7), report.enqueue(customer=8)
    assert (first.outcome, second.outcome, other.outcome) == ("new", "kept", "new")
    assert second.id == first.id
    assert live(connection) == [first.id, other.id]


def test_a_key_is_free_once_its_job_has_ended(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    ended = [Verdict.COMPLETED, Verdict.FAILED, Verdict.CANCELLED]
    for verdict in ended:
        assert report.enqueue(customer=7).outcome == "new"
        run(connection, verdict)
    assert report.enqueue(customer=7).outcome == "new"
    assert scalar(connection, "SELECT count(*) FROM pooljobs.uniques") == 1


def test_a_running_and_a_retried_job_hold_their_key_until_the_end(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app)
    first = report.enqueue(customer=7)
    worker = register(connection)
    claims = claim(connection, worker)
    assert claims is not None
    assert report.enqueue(customer=7) == first.__class__(first.id, "report", "default", "kept")
    end(connection, claims[0], Verdict.RETRY, 60.0)
    assert report.enqueue(customer=7).outcome == "kept"


def test_until_start_one_waits_beside_those_that_run(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(until="start"))
    first = report.enqueue(customer=7)
    assert report.enqueue(customer=7).outcome == "kept"
    worker = register(connection)
    assert claim(connection, worker)
    second = report.enqueue(customer=7)
    assert second.outcome == "new"
    assert report.enqueue(customer=7).id == second.id
    assert live(connection) == [first.id, second.id]


@pytest.mark.parametrize("until", ["end", "start"])
def test_within_a_period_a_key_is_held_after_the_end(app: PoolJobs, connection: Conn, until: Any) -> None:
    report = report_of(app, Unique(until=until, within=3600))
    first = report.enqueue(customer=7)
    run(connection)
    assert report.enqueue(customer=7).id == first.id
    connection.execute("UPDATE pooljobs.uniques SET until = now() - interval '1 s'")
    assert report.enqueue(customer=7).outcome == "new"


@pytest.mark.parametrize("how", [Verdict.FAILED, Verdict.CANCELLED, "cancel"])
def test_a_job_that_failed_or_was_cancelled_frees_its_key_at_once(app: PoolJobs, connection: Conn, how: Any) -> None:
    report = report_of(app, Unique(within=3600))
    first = report.enqueue(customer=7)
    if how == "cancel":
        app.cancel(first)
    else:
        run(connection, how)
    assert report.enqueue(customer=7).outcome == "new"


def test_an_explicit_key_makes_any_job_unique(app: PoolJobs, connection: Conn) -> None:
    @app.job
    def plain(n: int) -> None: ...

    first = plain.options(unique_key="k").enqueue(1)
    assert plain.options(unique_key="k").enqueue(2).id == first.id
    assert plain.enqueue(1).outcome == "new"
    assert app.enqueue("plain", {"n": 3}, unique_key="k").outcome == "kept"
    assert app.enqueue("elsewhere", {"n": 3}, unique_key="k").outcome == "new"
    assert len(live(connection)) == 3


def test_a_rolled_back_job_leaves_its_key_free(app: PoolJobs, connection: Conn, dsn: str) -> None:
    report = report_of(app)
    with psycopg.connect(dsn) as caller:
        assert report.enqueue_with(caller, customer=7).outcome == "new"
        assert report.enqueue_with(caller, customer=7).outcome == "kept"
        caller.rollback()
    assert report.enqueue(customer=7).outcome == "new"
    assert len(live(connection)) == 1


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_above_read_committed_it_is_a_serialization_failure_as_of_any_unique_index(
    app: PoolJobs, connection: Conn, dsn: str, level: str
) -> None:
    report = report_of(app)
    with psycopg.connect(dsn) as caller:
        caller.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        caller.execute("SELECT count(*) FROM pooljobs.live")
        assert report.enqueue_with(caller, customer=1).outcome == "new"
        report.enqueue(customer=7)
        with pytest.raises(errors.SerializationFailure):
            report.enqueue_with(caller, customer=7)
        caller.rollback()
        caller.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
        assert report.enqueue_with(caller, customer=7).outcome == "kept"
        assert report.enqueue_many_with(caller, [{"customer": 7}, {"customer": 1}]).outcomes == ["kept", "new"]
        caller.commit()
    assert len(live(connection)) == 2
