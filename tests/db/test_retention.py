"""Old days of history go, and only they; whoever reads them is waited for another time."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs_steward.leaders import Leaders
from pooljobs_steward.maintenance.retention import Retention
from tests.support.claims import SQL

Conn = Connection[Any]
LOG = logging.getLogger("test")

ADD_DAY = """
DO $$
DECLARE
    day date := (now() AT TIME ZONE 'UTC')::date - {ago};
    name text := 'history_' || to_char(day, 'YYYYMMDD');
BEGIN
    EXECUTE format('CREATE TABLE IF NOT EXISTS pooljobs.%I PARTITION OF pooljobs.history FOR VALUES FROM (%L) TO (%L)',
                   name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
END
$$"""
FILL = """
INSERT INTO pooljobs.history (id, run_at, created_at, finished_at, fence, max_retries, attempts, crashes, losses,
                              priority, status, queue, job_type, payload)
SELECT pooljobs.uuid_v7(), at, at, at, 1, 3, 1, 0, 0, 0, 'completed', 'default', 'old', '{{}}'
FROM (SELECT ((now() AT TIME ZONE 'UTC')::date - {ago})::timestamp AT TIME ZONE 'UTC') AS d (at)"""


@pytest.fixture
def old(connection: Conn) -> Conn:
    """A history with a job on each of the days 0, 1, 2, 3, 10 and 40 before today."""
    for ago in (0, 1, 2, 3, 10, 40):
        connection.execute(ADD_DAY.format(ago=ago).encode())
        connection.execute(FILL.format(ago=ago).encode())
    return connection


def days(connection: Conn) -> list[int]:
    """How many days ago each job of history ended."""
    day_of = "({} AT TIME ZONE 'UTC')::date"
    query = f"SELECT {day_of.format('now()')} - {day_of.format('finished_at')} FROM pooljobs.history ORDER BY 1"
    return [row[0] for row in connection.execute(query.encode())]


def tables(connection: Conn, ago: int) -> int:
    query = """SELECT count(*) FROM pg_class
        WHERE relname = 'history_' || to_char((now() AT TIME ZONE 'UTC')::date - %s::integer, 'YYYYMMDD')"""
    row = connection.execute(query, (ago,)).fetchone()
    assert row is not None
    return int(row[0])


def retire(connection: Conn, keep_days: int) -> None:
    pin(connection)
    Retention(SQL, leaders=Leaders(SQL, 1), keep_days=keep_days, log=LOG).retire(connection)


def test_days_beyond_the_limit_are_dropped_and_no_other(old: Conn) -> None:
    retire(old, 3)
    assert days(old) == [0, 1, 2, 3]
    assert [tables(old, ago) for ago in (3, 10, 40)] == [1, 0, 0]


def test_without_a_limit_nothing_goes(old: Conn) -> None:
    retire(old, 0)
    assert days(old) == [0, 1, 2, 3, 10, 40]


def test_a_day_in_use_is_left_for_the_next_time(old: Conn, dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(dsn) as reader, caplog.at_level(logging.INFO):
        assert len(days(reader)) == 6  # its transaction stays open, with a lock on every day
        retire(old, 3)
        assert "left for later" in caplog.text
        assert days(old) in ([0, 1, 2, 3, 10, 40], [0, 1, 2, 3, 10])  # the first may be on its way out
    retire(old, 3)
    assert days(old) == [0, 1, 2, 3]
    assert old.execute("SHOW lock_timeout").fetchone() == ("0",)


def test_who_detaches_and_dies_leaves_it_to_the_next(old: Conn) -> None:
    name = old.execute("SELECT 'history_' || to_char((now() AT TIME ZONE 'UTC')::date - 40, 'YYYYMMDD')").fetchone()
    assert name is not None
    old.execute(f"ALTER TABLE pooljobs.history DETACH PARTITION pooljobs.{name[0]} CONCURRENTLY".encode())
    retire(old, 20)
    assert days(old) == [0, 1, 2, 3, 10]
    assert tables(old, 40) == 0


def test_one_steward_at_a_time(old: Conn, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as other:
        lead = {"name": "retention", "fleet": 77, "seconds": 60.0}
        assert other.execute(SQL.load("try_lead"), lead).fetchone() == (True,)
        retire(old, 3)
        assert len(days(old)) == 6
        other.execute(SQL.load("try_lead"), lead | {"seconds": 0.0})
        retire(old, 3)
        assert len(days(old)) == 4


def test_who_does_not_own_the_tables_says_so_and_goes_on(old: Conn, caplog: pytest.LogCaptureFixture) -> None:
    role = "pooljobs_retention_guest"
    old.execute(f"CREATE ROLE {role}".encode())
    old.execute(f"GRANT USAGE ON SCHEMA pooljobs TO {role}".encode())
    old.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pooljobs TO {role}".encode())
    old.execute(f"SET ROLE {role}".encode())
    with caplog.at_level(logging.WARNING):
        retire(old, 3)
    old.execute("RESET ROLE")
    old.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
    assert "old history is kept: must be owner of table" in caplog.text
    assert len(days(old)) == 6
