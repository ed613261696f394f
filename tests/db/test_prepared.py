"""Hot statements answer as cursors do, fail as cursors do, and get along with poolers that forget what was prepared."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.store.producer import Producer
from pooljobs.db.wire import binary_format
from pooljobs.db.wire.binary_format import Oid
from pooljobs.db.wire.prepared import HotStatement
from pooljobs.job.new_job import NewJob
from tests.support.claims import scalar


def make_double() -> HotStatement:
    query = b"SELECT %(n)s * 2, %(what)s, %(n)s %% 2, NULL"
    return HotStatement("double", query, types={"what": Oid.TEXT, "n": Oid.INT8})


DOUBLE = make_double()
NAMES = "SELECT array_agg(name) FROM pg_prepared_statements WHERE name ~ '^pooljobs'"


@pytest.fixture
def hot(dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True, client_encoding="UTF8") as connection:
        yield connection


@pytest.fixture
def producer(dsn: str) -> Iterator[Producer]:
    made = Producer(f"{dsn} client_encoding=LATIN1", "pooljobs", pool_size=1)
    yield made
    made.close()


def doubled(connection: Connection[Any], n: int, what: str | None) -> list[bytes | None]:
    return DOUBLE.row(connection, [binary_format.text(what), binary_format.int8(n)])


def test_values_go_by_their_names_and_come_as_binary(hot: Connection[Any]) -> None:
    assert doubled(hot, 21, "Grüße ✓") == [binary_format.int8(42), "Grüße ✓".encode(), binary_format.int8(1), None]
    assert doubled(hot, -4, None) == [binary_format.int8(-8), None, binary_format.int8(0), None]
    assert scalar(hot, "SELECT array_agg(name) FROM pg_prepared_statements") == [DOUBLE.name.decode()]


def test_a_statement_without_rows_gives_none(hot: Connection[Any]) -> None:
    assert HotStatement("nothing", b"SELECT 1 WHERE false", types={}).row(hot, []) == []


@pytest.mark.parametrize(
    ("query", "error"), [(b"SELECT 1 / 0", pg.DivisionByZero), (b"SELECT nonsense", pg.UndefinedColumn)]
)
def test_an_error_is_what_a_cursor_raises_and_the_next_one_passes(
    hot: Connection[Any], query: bytes, error: type[psycopg.Error]
) -> None:
    for _ in range(2):
        with pytest.raises(error) as met:
            HotStatement("fails", query, types={}).row(hot, [])
        assert met.value.diag.sqlstate == error.sqlstate
    assert doubled(hot, 1, "a")[0] == binary_format.int8(2)


def test_a_broken_connection_is_an_operational_error(hot: Connection[Any], connection: Connection[Any]) -> None:
    doubled(hot, 1, "a")
    scalar(connection, "SELECT pg_terminate_backend(%s, 60000)", hot.info.backend_pid)
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            doubled(hot, 1, "a")
    assert hot.broken


@pytest.mark.parametrize("times", [1, 3])
def test_behind_a_pooler_that_forgets_it_goes_on_unprepared(hot: Connection[Any], times: int) -> None:
    doubled(hot, 1, "a")
    for n in range(times):
        hot.execute("DEALLOCATE ALL")
        assert doubled(hot, n, "b")[:2] == [binary_format.int8(2 * n), b"b"]
    assert scalar(hot, NAMES) is None


def test_what_somebody_else_has_prepared_there_is_used(hot: Connection[Any]) -> None:
    hot.execute(f"PREPARE {DOUBLE.name.decode()} (text, bigint) AS SELECT $2 * 3, $1, $2 % 2, NULL".encode())
    assert doubled(hot, 3, "c")[0] == binary_format.int8(9)


def test_another_text_or_type_has_another_name() -> None:
    made = [
        HotStatement("a", query, types={"n": oid})
        for query in (b"SELECT 1", b"SELECT 2")
        for oid in (Oid.INT4, Oid.INT8)
    ]
    assert len({statement.name for statement in made}) == 4
    assert HotStatement("a", b"SELECT 1", types={"n": Oid.INT4}).name == made[0].name


def test_texts_stay_what_they_are_whatever_encoding_a_dsn_asks_for(
    producer: Producer, connection: Connection[Any]
) -> None:
    producer.insert(NewJob("grüße", '{"ü": "✓"}'.encode(), "schlange-ü"))
    producer.insert_many([NewJob("grüße", '{"ü": "✓"}'.encode(), "schlange-ü")])
    found = connection.execute("SELECT job_type, payload, queue FROM pooljobs.live").fetchall()
    assert found == [("grüße", {"ü": "✓"}, "schlange-ü")] * 2


def test_every_field_of_a_job_arrives(producer: Producer, connection: Connection[Any]) -> None:
    when = datetime(2031, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)
    full = producer.insert(NewJob("a", b'{"n": 1}', "q", -4, 7, 0.0, when, "trace"))
    plain = producer.insert(NewJob("b", b"{}", delay_secs=3600.5))
    columns = "job_type, payload, queue, priority, max_retries, run_at, trace_id"
    row = connection.execute(f"SELECT {columns} FROM pooljobs.live WHERE id = %s".encode(), (full,)).fetchone()
    assert row == ("a", {"n": 1}, "q", -4, 7, when, "trace")
    delay = "extract(epoch FROM run_at - created_at)::float8"
    found = scalar(connection, f"SELECT {delay} FROM pooljobs.live WHERE trace_id IS NULL AND id = %s", plain)
    assert found == 3600.5


def test_a_producer_goes_on_when_its_connection_was_replaced(producer: Producer, connection: Connection[Any]) -> None:
    producer.insert(NewJob("a", b"{}"))
    ours = "FROM pg_stat_activity WHERE application_name = 'pooljobs producer' AND datname = current_database()"
    assert scalar(connection, f"SELECT count(pg_terminate_backend(pid, 60000)) {ours}") == 1
    producer.insert(NewJob("b", b"{}"))
    producer.insert(NewJob("c", b"{}"))
    assert scalar(connection, "SELECT array_agg(job_type ORDER BY job_type) FROM pooljobs.live") == ["a", "b", "c"]


def test_numbers_are_what_the_server_sends(hot: Connection[Any]) -> None:
    query = b"SELECT 7::int, 7::bigint, 0.5::float8, true, '2031-02-03 04:05:06.789012Z'::timestamptz"
    when = datetime(2031, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)
    numbers = [binary_format.int4(7), binary_format.int8(7), binary_format.float8(0.5), struct.pack("?", 1)]
    assert HotStatement("sent", query, types={}).row(hot, []) == [*numbers, binary_format.timestamptz(when)]
