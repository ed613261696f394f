"""The producer's connections: as few as will do, kept while good, and no place among them is ever lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.store import producer_pool
from pooljobs.db.store.producer_pool import ProducerPool, ProducerSession
from pooljobs.errors import DatabaseUnreachableError
from tests.support.claims import scalar
from tests.support.cut_line import line_to
from tests.support.waiting import wait_until

OPEN = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'pooljobs producer' AND datname = current_database()"
)


@pytest.fixture
def pool(dsn: str) -> Iterator[ProducerPool]:
    made = ProducerPool(dsn, 2)
    yield made
    made.renew()


def take(pool: ProducerPool) -> ProducerSession:
    return pool.take(time.monotonic() + 10)


def opened(connection: Connection[Any], count: int) -> None:
    wait_until(lambda: scalar(connection, OPEN) == count, what=f"{count} connections")


def test_one_connection_does_for_who_needs_one_at_a_time(pool: ProducerPool, connection: Connection[Any]) -> None:
    seen = set()
    for _ in range(5):
        session = take(pool)
        seen.add(id(session.connection))
        pool.give(session)
    assert len(seen) == 1
    opened(connection, 1)


def test_there_are_never_more_and_all_places_come_back(pool: ProducerPool, connection: Connection[Any]) -> None:
    for end in (lambda _: None, Connection.close, lambda c: c.execute("BEGIN"), lambda _: pool.renew()):
        both = [take(pool), take(pool)]
        with pytest.raises(DatabaseUnreachableError, match="all 2 are in use"):
            pool.take(time.monotonic())
        opened(connection, 2)
        for session in both:
            end(session.connection)
            pool.give(session)
    for session in [take(pool), take(pool)]:
        assert session.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        pool.give(session)


def test_places_come_back_from_openings_that_fail(dsn: str) -> None:
    with line_to(dsn) as line:
        line.cut()
        pool = ProducerPool(line.dsn, 1)
        for _ in range(3):
            with pytest.raises(DatabaseUnreachableError, match="cannot connect"):
                take(pool)
        line.mend()
        pool.give(take(pool))
        pool.renew()


@pytest.mark.parametrize("limit", ["LONGEST_IDLE", "LONGEST_LIFE"])
def test_what_is_old_or_was_not_needed_for_long_goes(
    pool: ProducerPool, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    first, second = take(pool), take(pool)
    pool.give(first)
    opened(connection, 2)
    monkeypatch.setattr(producer_pool, limit, 0.0)
    time.sleep(0.001)
    pool.give(second)
    opened(connection, 1)
    monkeypatch.undo()
    both = [take(pool), take(pool)]
    opened(connection, 2)
    for session in both:
        pool.give(session)


def test_what_the_server_has_closed_is_not_given_out(pool: ProducerPool, connection: Connection[Any]) -> None:
    session = take(pool)
    before = session.connection
    pool.give(session)
    scalar(connection, f"SELECT pg_terminate_backend({before.info.backend_pid})")
    opened(connection, 0)
    session = take(pool)
    assert scalar(session.connection, "SELECT 1") == 1
    assert before.closed
    pool.give(session)
