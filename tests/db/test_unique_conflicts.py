"""Unique jobs: what becomes of those who come while the key is held."""

from __future__ import annotations

import psycopg
import pytest

from pooljobs import Debounce, JobExistsError, PoolJobs, Unique
from tests.support.claims import claim, register, scalar
from tests.support.unique_jobs import Conn, app, live, report_of, row

__all__ = ["app"]


def test_replace_gives_a_pending_job_what_the_new_one_was_to_have(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="replace"))
    first = report.options(priority=1).enqueue(customer=7, text="old")
    assert row(connection, first.id) == ("old", 1, 3, False)
    second = report.options(priority=-1, max_retries=9, delay=60).enqueue(customer=7, text="new")
    assert (second.id, second.outcome) == (first.id, "replaced")
    assert row(connection, first.id) == ("new", -1, 9, True)


def test_reschedule_gives_it_the_new_time_alone(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="reschedule"))
    first = report.enqueue(customer=7, text="old")
    assert report.options(delay=60, priority=2).enqueue(customer=7, text="new").outcome == "replaced"
    assert row(connection, first.id) == ("old", 0, 3, True)


def test_a_running_job_is_never_replaced(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, Unique(by=("customer",), on_conflict="replace"))
    first = report.enqueue(customer=7, text="old")
    worker = register(connection)
    assert claim(connection, worker)
    assert report.enqueue(customer=7, text="new").outcome == "kept"
    assert row(connection, first.id) == ("old", 0, 3, False)


def test_raise_tells_who_is_there_and_stores_nothing(app: PoolJobs, connection: Conn, dsn: str) -> None:
    report = report_of(app, Unique(on_conflict="raise"))
    first = report.enqueue(customer=7)
    with pytest.raises(JobExistsError, match=f"report: the unique job is there: {first.id}") as raised:
        report.enqueue(customer=7)
    assert raised.value.existing.id == first.id
    with pytest.raises(JobExistsError):
        report.enqueue_many([{"customer": 1}, {"customer": 7}])
    with psycopg.connect(dsn) as caller:
        with pytest.raises(JobExistsError):
            report.enqueue_with(caller, customer=7)
        with pytest.raises(JobExistsError):
            report.enqueue_many_with(caller, [{"customer": 1}, {"customer": 7}])
        report.enqueue_with(caller, customer=2)
        caller.commit()
    assert len(live(connection)) == 2
    assert len(report.enqueue_many([{"customer": 1}])) == 1


def test_a_debounced_job_is_put_off_but_not_for_ever(app: PoolJobs, connection: Conn) -> None:
    report = report_of(app, debounce=Debounce(by=("customer",), wait=300, most=600))
    first = report.enqueue(customer=7, text="1")
    due = "SELECT extract(epoch FROM run_at - now())::integer FROM pooljobs.live"
    assert 290 <= scalar(connection, due) <= 300
    connection.execute(
        "UPDATE pooljobs.live SET run_at = run_at - interval '200 s', created_at = created_at - interval '200 s'"
    )
    assert report.enqueue(customer=7, text="2").id == first.id
    assert 290 <= scalar(connection, due) <= 300
    connection.execute("UPDATE pooljobs.live SET created_at = now() - interval '400 s'")
    report.enqueue(customer=7, text="3")
    assert 190 <= scalar(connection, due) <= 200
    assert scalar(connection, "SELECT payload ->> 'text' FROM pooljobs.live") == "3"
