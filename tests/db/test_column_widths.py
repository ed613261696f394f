"""A job's columns are listed once: one more in the list, and in the tables, goes wherever a job goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.columns import JOB_COLUMNS, Column, Given
from pooljobs.db.schema.migrator import migrate
from pooljobs.db.statements import Statements
from pooljobs.db.store.producer import Producer
from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.enqueue.caller_connection import CallerConnections
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from tests.support.claims import Claim, claim, register, scalar
from tests.support.later import job_columns

Conn = Connection[Any]

DUMMY = Column("dummy", Given(Oid.INT4, lambda _: binary_format.int4(7), lambda _: 7), appended=True)
JOB = NewJob("noop", b"{}")


@pytest.fixture
def producer(empty_dsn: str) -> Iterator[Producer]:
    """Enqueues into a schema with the column."""
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        for table in ("live", "history"):
            connection.execute(f"ALTER TABLE pooljobs.{table} ADD COLUMN dummy integer".encode())
    with job_columns(*JOB_COLUMNS, DUMMY):
        migrate(empty_dsn)
        made = Producer(empty_dsn, "pooljobs", pool_size=1)
        yield made
        made.close()


@pytest.fixture
def at(producer: Producer, empty_dsn: str) -> Iterator[Conn]:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        yield connection


def everywhere(connection: Conn, status: str = "pending") -> None:
    """One job, of this status in the view, with the column as it was given."""
    assert connection.execute("SELECT status, dummy FROM pooljobs.jobs").fetchall() == [(status, 7)]


def claimed(connection: Conn) -> Claim:
    (job,) = claim(connection, register(connection)) or []
    everywhere(connection, "running")
    return job


def load(verb: str) -> bytes:
    return Statements("pooljobs").load(verb)


def test_it_is_given_by_an_enqueue_of_ours(producer: Producer, at: Conn) -> None:
    producer.insert(JOB)
    everywhere(at)


def test_it_is_given_by_one_on_a_callers_connection(producer: Producer, at: Conn) -> None:
    CallerConnections("pooljobs").insert_with(at, JOB)
    everywhere(at)


@pytest.mark.parametrize("alike", [True, False])
def test_it_is_given_by_copy(producer: Producer, at: Conn, alike: bool) -> None:
    ids = producer.insert_alike(JOB, [b"{}"]) if alike else producer.insert_many([JOB])
    assert len(ids) == 1
    everywhere(at)


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict.COMPLETED, "completed"),
        (Verdict.FAILED, "failed"),
        (Verdict.CANCELLED, "cancelled"),
        (Verdict.POISONED, "failed"),
        (Verdict.RETRY, "pending"),
        (Verdict.RELEASED, "pending"),
        (Verdict.CRASHED, "pending"),
        (Verdict.LOST, "pending"),
        (Verdict.SUSPECTED, "pending"),
    ],
)
def test_it_survives_each_verdict(producer: Producer, at: Conn, verdict: Verdict, status: str) -> None:
    producer.insert(JOB)
    assert SettlementBatch(Statements("pooljobs")).settle(at, [claimed(at).settled(verdict)]) == (set(), set(), {})
    everywhere(at, status)


def test_it_survives_a_cancellation_and_a_retry(producer: Producer, at: Conn) -> None:
    job_id: UUID = producer.insert(JOB)
    assert scalar(at, "SELECT pooljobs.cancel(%s)", job_id) == "cancelled"
    everywhere(at, "cancelled")
    assert at.execute(load("retry_job"), {"id": job_id}).fetchone()
    everywhere(at)


def test_it_survives_a_completion_in_the_handlers_transaction(producer: Producer, at: Conn) -> None:
    producer.insert(JOB)
    job = claimed(at)
    given = {"id": job.id, "fence": job.fence, "token": job.token, "started_ago": 1.0}
    assert at.execute(load("complete_in_transaction"), given).rowcount == 1
    everywhere(at, "completed")


@pytest.mark.parametrize(("losses", "status"), [(0, "pending"), (1, "failed")])
def test_it_survives_the_loss_of_a_host(producer: Producer, at: Conn, losses: int, status: str) -> None:
    producer.insert(JOB)
    at.execute("UPDATE pooljobs.live SET losses = %s", (losses,))
    job = claimed(at)
    at.execute(load("record_start"), {"id": job.id, "fence": job.fence, "token": job.token})
    at.execute("UPDATE pooljobs.workers SET dead_at = now()")
    at.execute(load("release_dead"), {"worker_ids": None, "lost": True, "max_losses": 2})
    everywhere(at, status)


def test_it_survives_being_given_back(producer: Producer, at: Conn) -> None:
    producer.insert(JOB)
    job = claimed(at)
    at.execute(load("release_strays"), {"ids": [job.id], "fences": [job.fence], "tokens": [job.token]})
    everywhere(at)


def test_every_column_that_is_listed_is_in_both_tables_and_no_other_is_in_both(connection: Conn) -> None:
    """What a statement that moves a job decides anew is what it names itself."""
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    live, history = (
        {row[0] for row in connection.execute(query, (f"pooljobs.{table}",))} for table in ("live", "history")
    )
    decided = {"run_at", "started_at", "worker_id", "max_retries", "attempts", "crashes", "losses", "last_error"}
    assert {column.name for column in JOB_COLUMNS if column.carried} == live & history - decided
    assert decided <= live & history
