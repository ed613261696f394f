"""A job that somebody sleeps for is seen before it is on the disk, and acknowledged after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.store.producer import Producer
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from tests.support.claims import SQL, scalar

Conn = Connection[Any]
JOB = NewJob("a", b"{}")
SOMEBODY_SLEEPS = "INSERT INTO pooljobs.idle_hosts VALUES ('default', 1, now() + interval '1 hour')"
LAST_STATEMENT = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
PARAMETERS = {
    "job_type": "a",
    "payload": "{}",
    "queue": "default",
    "priority": 0,
    "max_retries": 3,
    "delay": 0.0,
    "run_at": None,
    "id": None,
    "trace_id": None,
    "tags": None,
    "meta": None,
}


@pytest.fixture
def producer(dsn: str) -> Iterator[Producer]:
    made = Producer(dsn, "pooljobs", 1)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("sleeps", "early", "commit"), [(True, True, "off"), (True, False, "on"), (False, True, "on"), (False, False, "on")]
)
def test_a_commit_is_early_if_that_is_asked_for_and_somebody_sleeps(
    connection: Conn, *, sleeps: bool, early: bool, commit: str
) -> None:
    connection.execute("SET synchronous_commit = on")
    if sleeps:
        connection.execute(SOMEBODY_SLEEPS)
    with connection.transaction():
        row = connection.execute(SQL.load("insert_job"), {**PARAMETERS, "early": early}).fetchone()
        assert scalar(connection, "SHOW synchronous_commit") == commit
    assert row is not None
    assert bool(row[1]) is (commit == "off")
    assert scalar(connection, "SHOW synchronous_commit") == "on"


@pytest.mark.parametrize("sleeps", [True, False])
def test_the_producer_waits_for_the_disk_afterwards_and_only_then(
    producer: Producer, connection: Conn, *, sleeps: bool
) -> None:
    if sleeps:
        connection.execute(SOMEBODY_SLEEPS)
    producer.insert(JOB)
    last = scalar(connection, LAST_STATEMENT, "pooljobs producer")
    assert ("pg_logical_emit_message" in last) is sleeps
    assert ("INSERT" in last) is not sleeps


@pytest.mark.hazard("A job whose commit is early,")
def test_a_callers_transaction_is_as_durable_as_he_made_it(producer: Producer, connection: Conn) -> None:
    connection.execute(SOMEBODY_SLEEPS)
    connection.execute("SET synchronous_commit = on")
    with connection.transaction():
        CallerConnections("pooljobs").insert_with(connection, JOB)
        assert scalar(connection, "SHOW synchronous_commit") == "on"


def test_what_was_committed_before_the_wait_is_on_the_disk_after_it(connection: Conn) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute("INSERT INTO pooljobs.live (job_type) VALUES ('a')")
    written = scalar(connection, "SELECT pg_current_wal_insert_lsn()::text")
    connection.execute("SET synchronous_commit = on")
    connection.execute(SQL.load("wait_for_disk"))
    assert scalar(connection, "SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", written)


def test_waiting_for_the_disk_takes_no_privilege(connection: Conn) -> None:
    with connection.transaction(force_rollback=True):  # roles belong to the whole server
        connection.execute("CREATE ROLE nobody_in_particular")
        connection.execute("SET LOCAL ROLE nobody_in_particular")
        connection.execute(SQL.load("wait_for_disk"))
