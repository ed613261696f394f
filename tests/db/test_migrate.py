"""Bringing a schema up to date: once, in turn, under any name, and saying clearly why not."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.migrate import check_migrated, installed_version, migrate, migrations
from pooljobs.errors import NotMigratedError
from tests.support.claims import scalar

Conn = Connection[Any]


def test_a_second_run_applies_nothing(empty_dsn: str) -> None:
    assert migrate(empty_dsn).applied == [migration.name for migration in migrations()]
    assert migrate(empty_dsn).applied == []


def test_any_schema_name_works(empty_dsn: str) -> None:
    migrate(empty_dsn, 'Odd "name" isn\'t')
    with psycopg.connect(empty_dsn) as connection:
        assert installed_version(connection, 'Odd "name" isn\'t') == migrations()[-1].version
        assert scalar(connection, 'SELECT "Odd ""name"" isn\'t".enqueue(\'a\') IS NOT NULL') is True


def test_racers_take_turns(empty_dsn: str) -> None:
    applied: list[int] = []
    threads = [threading.Thread(target=lambda: applied.append(len(migrate(empty_dsn).applied))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [0, 0, 0, len(migrations())]


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("DROP SCHEMA pooljobs CASCADE", "is not in this database"),
        ("DELETE FROM pooljobs.migrations WHERE version > 2", "is at version 2"),
        ("INSERT INTO pooljobs.migrations (version, name) VALUES (999, 'x')", "newer than this pooljobs"),
    ],
)
def test_a_schema_of_another_version_is_refused(connection: Conn, change: str, message: str) -> None:
    connection.execute(change.encode())
    with pytest.raises(NotMigratedError, match=message):
        check_migrated(connection, "pooljobs")


def test_a_newer_schema_is_never_touched(connection: Conn, dsn: str) -> None:
    connection.execute("INSERT INTO pooljobs.migrations (version, name) VALUES (999, 'x')")
    with pytest.raises(NotMigratedError):
        migrate(dsn)


def test_partitions_reach_two_weeks_ahead_and_are_made_once(connection: Conn) -> None:
    assert scalar(connection, "SELECT pooljobs.ensure_partitions()") == 0
    assert scalar(connection, "SELECT pooljobs.ensure_partitions(20)") == 6
    count = scalar(connection, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass")
    assert count == 22


def test_a_partitions_bounds_are_days_of_utc_in_any_time_zone(empty_dsn: str) -> None:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        name = connection.execute("SELECT quote_ident(current_database())").fetchone()
        assert name is not None
        connection.execute(f"ALTER DATABASE {name[0]} SET timezone = 'Asia/Kolkata'".encode())
    migrate(empty_dsn)
    with psycopg.connect(empty_dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        bounds = connection.execute(
            "SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class AS c"
            " JOIN pg_inherits AS i ON i.inhrelid = c.oid WHERE i.inhparent = 'pooljobs.history'::regclass"
        ).fetchall()
        assert all("00:00:00+00" in bound for (bound,) in bounds)
