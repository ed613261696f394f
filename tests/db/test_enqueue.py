"""Storing jobs: the statement behind the Python API, and the SQL function for everybody else."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import RFC_4122, UUID

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.rows import dict_row

from pooljobs.db.store.producer import Producer
from pooljobs.db.wire import bulk_copy
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.errors import DatabaseUnreachableError, NotMigratedError
from pooljobs.job.new_job import NewJob
from pooljobs.payload.encoding import encode
from tests.support.claims import declare, register, scalar
from tests.support.waiting import wait_until

Conn = Connection[Any]


@pytest.fixture
def producer(dsn: str) -> Iterator[Producer]:
    made = Producer(dsn, "pooljobs", pool_size=2)
    yield made
    made.close()


def test_ids_come_in_the_order_of_the_jobs(producer: Producer, connection: Conn) -> None:
    ids = producer.insert_many(NewJob(f"job-{n}", b"{}") for n in range(50))
    rows = dict(connection.execute("SELECT id, job_type FROM pooljobs.live").fetchall())
    assert [rows[job_id] for job_id in ids] == [f"job-{n}" for n in range(50)]


@pytest.mark.hazard("What is scheduled for tomorrow at a high priority is walked over by every claim")
def test_ids_are_version_7_and_sort_by_time(producer: Producer) -> None:
    ids = [producer.insert(NewJob("a", b"{}")) for _ in range(3)]
    assert [job_id.version for job_id in ids] == [7, 7, 7]
    millis = [job_id.int >> 80 for job_id in ids]
    assert millis == sorted(millis)


def test_every_column_arrives(producer: Producer, connection: Conn) -> None:
    when = datetime.now(UTC) + timedelta(hours=1)
    producer.insert(NewJob("a", b'{"x": [1, "\xc3\xa9"]}', "slow", -1, 7, run_at=when, trace_id="t-1"))
    row = connection.execute(
        "SELECT job_type, payload, queue, priority, max_retries, run_at, trace_id, status, attempts FROM pooljobs.jobs"
    ).fetchone()
    assert row == ("a", {"x": [1, "é"]}, "slow", -1, 7, when, "t-1", "pending", 0)


@pytest.mark.hazard("What is scheduled for tomorrow at a high priority is walked over by every claim")
def test_a_delay_counts_from_the_databases_clock(producer: Producer, connection: Conn) -> None:
    producer.insert(NewJob("a", b"{}", delay_secs=60.0))
    assert scalar(connection, "SELECT run_at - created_at FROM pooljobs.live") == timedelta(seconds=60)


def test_a_job_commits_with_the_callers_transaction(producer: Producer, connection: Conn, dsn: str) -> None:
    with psycopg.connect(dsn) as caller:
        CallerConnections("pooljobs").insert_with(caller, NewJob("kept", b"{}"))
        assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0
        caller.commit()
        CallerConnections("pooljobs").insert_with(caller, NewJob("dropped", b"{}"))
        caller.rollback()
    assert connection.execute("SELECT job_type FROM pooljobs.live").fetchall() == [("kept",)]


def test_the_callers_row_factory_does_not_matter(producer: Producer, dsn: str) -> None:
    with psycopg.connect(dsn, row_factory=dict_row) as caller:
        job_id = CallerConnections("pooljobs").insert_with(caller, NewJob("a", b"{}"))
    assert isinstance(job_id, UUID)


def test_many_are_stored_with_progress(producer: Producer, connection: Conn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_copy, "MOST", 100)
    monkeypatch.setattr(bulk_copy, "TOLD", 40)
    seen: list[int] = []
    ids = list(producer.insert_many((NewJob(f"job-{n // 7}", b"{}") for n in range(300)), seen.append))
    assert seen == [42, 84, 126, 168, 210, 252, 294, 300]
    rows = dict(connection.execute("SELECT id, job_type FROM pooljobs.live").fetchall())
    assert [rows[job_id] for job_id in ids] == [f"job-{n // 7}" for n in range(300)]
    assert ids == sorted(ids)


def test_memory_stays_bounded_for_any_number_and_any_size(producer: Producer, connection: Conn) -> None:
    """16 bytes for each id, and a few blocks."""
    count, pad = 60_000, b'"' + b"x" * 200_000 + b'"'
    producer.insert(NewJob("a", b"{}"))
    tracemalloc.start()
    try:
        many = producer.insert_alike(NewJob("a", b"{}"), (b'{"n": %d}' % n for n in range(count)))
        large = producer.insert_alike(NewJob("a", b"{}"), (pad[:-1] + b'%d"' % n for n in range(300)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(many) + len(large) + 1 == scalar(connection, "SELECT count(*) FROM pooljobs.live")
    assert peak < 16 * count + 10_000_000


def test_what_is_copied_is_of_our_time_and_sorts_after_what_was_there(producer: Producer) -> None:
    before = producer.insert(NewJob("a", b"{}"))
    ids = producer.insert_many(NewJob("a", b"{}") for _ in range(3))
    after = producer.insert(NewJob("a", b"{}"))
    assert [job_id.version for job_id in ids] == [7, 7, 7]
    assert [job_id.variant for job_id in ids] == [RFC_4122] * 3
    millis = [job_id.int >> 80 for job_id in (before, *ids, after)]
    assert millis[0] <= millis[1] + 1
    assert millis[-2] <= millis[-1] + 1


def test_a_broken_progress_report_is_not_taken_for_a_refusal(producer: Producer, connection: Conn) -> None:
    def report(_count: int) -> None:
        connection.execute("SELECT * FROM no_such_table")

    with pytest.raises(psycopg.errors.UndefinedTable):
        producer.insert_many((NewJob("a", b"{}") for _ in range(5000)), report)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 32_000, 33_001])
def test_any_number_arrives(producer: Producer, connection: Conn, count: int) -> None:
    assert len(producer.insert_many(NewJob("a", b"{}") for _ in range(count))) == count
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == count


ODD = "tab\t, line\n, return\r, slash\\, \\N, \\t, quote', é and \U0001f600"


@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30),
    value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
@example(name=ODD, value=ODD)
@example(name="\\.", value="\\.")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_what_is_copied_arrives_as_it_was(producer: Producer, connection: Conn, name: str, value: str) -> None:
    when = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    (job_id,) = producer.insert_many([NewJob(name, encode({"v": value}), name, 4, 9, run_at=when, trace_id=name)])
    row = connection.execute(
        "SELECT job_type, payload, queue, priority, max_retries, run_at, trace_id FROM pooljobs.live WHERE id = %s",
        (job_id,),
    ).fetchone()
    assert row == (name, {"v": value}, name, 4, 9, when, name)


def test_delays_of_many_count_from_the_databases_clock(producer: Producer, connection: Conn) -> None:
    producer.insert_many([NewJob("a", b"{}"), NewJob("a", b"{}", delay_secs=1.5)])
    assert connection.execute("SELECT run_at - created_at FROM pooljobs.live ORDER BY id").fetchall() == [
        (timedelta(0),),
        (timedelta(seconds=1.5),),
    ]


def test_a_broken_source_is_not_taken_for_a_refusal(producer: Producer, connection: Conn) -> None:
    def asking() -> Iterator[NewJob]:
        yield from (NewJob("a", b"{}") for _ in range(500))
        connection.execute("SELECT * FROM no_such_table")

    with pytest.raises(psycopg.errors.UndefinedTable):
        producer.insert_many(asking())


def test_a_connection_that_the_server_closed_is_not_used(producer: Producer, connection: Conn) -> None:
    producer.insert(NewJob("a", b"{}"))
    ours = "FROM pg_stat_activity WHERE application_name = 'pooljobs producer' AND datname = current_database()"
    assert scalar(connection, f"SELECT count(pg_terminate_backend(pid)) {ours}") == 1
    wait_until(lambda: not scalar(connection, f"SELECT count(*) {ours}"), what="the backend to end")
    producer.insert(NewJob("a", b"{}"))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 2


def test_many_are_stored_all_or_none(producer: Producer, connection: Conn) -> None:
    def failing() -> Iterator[NewJob]:
        yield from (NewJob("a", b"{}") for _ in range(2000))
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        producer.insert_many(failing())
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def test_an_unmigrated_database_says_what_to_run(empty_dsn: str) -> None:
    producer = Producer(empty_dsn, "pooljobs", pool_size=1)
    with pytest.raises(NotMigratedError) as caught:
        producer.insert(NewJob("a", b"{}"))
    assert caught.value.hint == "run: pooljobs migrate"
    producer.close()


def test_nobody_there_is_one_clear_error() -> None:
    producer = Producer("host=127.0.0.1 port=1 dbname=x connect_timeout=2", "pooljobs", pool_size=1)
    with pytest.raises(DatabaseUnreachableError, match=r"cannot connect to database x at 127\.0\.0\.1:1"):
        producer.insert(NewJob("a", b"{}"))
    producer.close()


def test_the_sql_function_takes_named_arguments_and_returns_the_id(connection: Conn) -> None:
    job_id = scalar(connection, "SELECT pooljobs.enqueue('a', '{\"x\": 1}', queue => 'q', delay => '1 minute')")
    row = connection.execute("SELECT id, queue, payload, max_retries, run_at > now() FROM pooljobs.live").fetchone()
    assert row == (job_id, "q", {"x": 1}, 3, True)


@pytest.mark.hazard(
    "Whoever settles for the dead needs retry policies, and user code to know them",
    closed="workers publish them at their start (`publish_job_types.sql`); only workers import the application",
    area="ownership",
)
def test_the_sql_function_takes_its_defaults_from_the_published_declaration(connection: Conn) -> None:
    register(connection)
    declare(connection, "a", queue="declared", max_retries=9, policy="none")
    connection.execute("SELECT pooljobs.enqueue('a')")
    assert connection.execute("SELECT queue, max_retries FROM pooljobs.live").fetchone() == ("declared", 9)


def test_the_sql_function_refuses_delay_and_run_at_together(connection: Conn) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="not both"):
        connection.execute("SELECT pooljobs.enqueue('a', delay => '1 s', run_at => now())")


@pytest.mark.parametrize("name", ["job_type", "queue", "trace_id"])
def test_the_sql_function_refuses_names_that_python_would(connection: Conn, name: str) -> None:
    query = f"SELECT pooljobs.enqueue({{}}{name} => repeat('é', %s))".format(
        "" if name == "job_type" else "'noop', "
    ).encode()
    connection.execute(query, (200,))
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="at most 200 characters"):
        connection.execute(query, (201,))
