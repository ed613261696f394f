"""A cursor that is kept serves its connection as new ones would, and no other connection."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection

from pooljobs.db.kept_cursor import KeptCursor
from pooljobs.db.producer import Producer
from pooljobs.job.new_job import NewJob
from tests.support.claims import scalar


def test_it_is_kept_for_its_connection_until_it_is_dropped(dsn: str, connection: Connection[Any]) -> None:
    kept = KeptCursor()
    first = kept.of(connection)
    assert first.execute("SELECT 1::int8, '\\x00ff'::bytea").fetchone() == (1, b"\x00\xff")
    assert kept.of(connection) is first
    kept.drop()
    assert kept.of(connection) is not first
    with psycopg.connect(dsn, autocommit=True) as other:
        assert kept.of(other).connection is other
        assert kept.of(connection).connection is connection


def test_it_goes_on_after_a_statement_that_failed(connection: Connection[Any]) -> None:
    kept = KeptCursor()
    try:
        kept.of(connection).execute("SELECT 1 / 0")
    except psycopg.errors.DivisionByZero:
        assert kept.of(connection).execute("SELECT 2").fetchone() == (2,)
    else:
        raise AssertionError("it divided")


def test_a_producer_goes_on_when_its_connection_was_replaced(dsn: str, connection: Connection[Any]) -> None:
    producer = Producer(dsn, "pooljobs", 1)
    try:
        producer.insert(NewJob("a", b"{}"))
        ours = "FROM pg_stat_activity WHERE application_name = 'pooljobs producer' AND datname = current_database()"
        assert scalar(connection, f"SELECT count(pg_terminate_backend(pid, 60000)) {ours}") == 1
        producer.insert(NewJob("b", b"{}"))
        producer.insert(NewJob("c", b"{}"))
    finally:
        producer.close()
    assert scalar(connection, "SELECT array_agg(job_type ORDER BY job_type) FROM pooljobs.live") == ["a", "b", "c"]
