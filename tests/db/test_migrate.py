"""Bringing a schema up to date: once, in turn, under any name, and saying clearly why not."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.schema import migration_lock
from pooljobs.db.schema.migrations import code_version, migrations
from pooljobs.db.schema.migrator import migrate, pending
from pooljobs.db.schema.version import Installed, check_migrated, installed
from pooljobs.db.statements import render
from pooljobs.errors import DatabaseRefusedError, NotMigratedError
from tests.support.claims import claim, insert, register, scalar
from tests.support.later import only_until, with_migrations
from tests.support.waiting import wait_until

Conn = Connection[Any]

COMPATIBLE = "-- oldest code: 100\nALTER TABLE {schema}.live ADD COLUMN later integer;"
INCOMPATIBLE = "-- oldest code: 900\nALTER TABLE {schema}.live ADD COLUMN much_later integer;"
INDEX = (
    "-- oldest code: 100\n-- outside a transaction\n"
    "CREATE UNIQUE INDEX CONCURRENTLY live_later ON {schema}.live (trace_id);"
)


def test_a_second_run_applies_nothing(empty_dsn: str) -> None:
    names = [migration.name for migration in migrations()]
    assert pending(empty_dsn) == names
    assert migrate(empty_dsn).applied == names
    assert pending(empty_dsn) == []
    assert migrate(empty_dsn).applied == []


def test_any_schema_name_works(empty_dsn: str) -> None:
    migrate(empty_dsn, 'Odd "name" isn\'t')
    with psycopg.connect(empty_dsn) as connection:
        newest = migrations()[-1]
        assert installed(connection, 'Odd "name" isn\'t') == Installed(newest.version, newest.oldest_code)
        assert scalar(connection, 'SELECT "Odd ""name"" isn\'t".enqueue(\'a\') IS NOT NULL') is True
    assert migrate(empty_dsn, 'Odd "name" isn\'t').applied == []


def test_a_turn_that_somebody_keeps_ends_the_wait(empty_dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration_lock, "LONGEST", 0.2)
    with psycopg.connect(empty_dsn, autocommit=True) as neighbour:
        neighbour.execute("SELECT pg_advisory_lock(hashtextextended('pooljobs.migrations', 0))")
        with pytest.raises(NotMigratedError, match="not over after"):
            migrate(empty_dsn)


def test_racers_take_turns(empty_dsn: str) -> None:
    applied: list[int] = []
    threads = [threading.Thread(target=lambda: applied.append(len(migrate(empty_dsn).applied))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [0, 0, 0, len(migrations())]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("DROP SCHEMA pooljobs CASCADE", "is not in this database"),
        ("DELETE FROM pooljobs.migrations", "is at version 0"),
        ("INSERT INTO pooljobs.migrations (version, name, oldest_code) VALUES (999, 'x', 998)", "998 and later"),
        ("UPDATE pooljobs.migrations SET version = version - 90", "before its first release"),
    ],
)
def test_a_schema_that_this_code_does_not_work_with_is_refused(connection: Conn, change: str, message: str) -> None:
    connection.execute(change.encode())
    with pytest.raises(NotMigratedError, match=message):
        check_migrated(connection, "pooljobs")


@pytest.mark.parametrize("change", ["version = version - 90", "version = version + 800, oldest_code = 999"])
def test_what_cannot_be_migrated_is_not_touched(connection: Conn, owner_dsn: str, change: str) -> None:
    connection.execute(f"UPDATE pooljobs.migrations SET {change}".encode())
    connection.execute("DROP FUNCTION pooljobs.enqueue")
    for attempt in (migrate, pending):
        with pytest.raises(NotMigratedError):
            attempt(owner_dsn)
    assert scalar(connection, "SELECT count(*) FROM pg_proc WHERE proname = 'enqueue'") == 0


def test_a_database_of_before_is_told_the_way_out(connection: Conn) -> None:
    connection.execute("DROP SCHEMA pooljobs CASCADE; CREATE SCHEMA pooljobs")
    connection.execute("CREATE TABLE pooljobs.migrations (version integer PRIMARY KEY, name text NOT NULL)")
    connection.execute("INSERT INTO pooljobs.migrations VALUES (1, '0001_uuid_v7'), (11, '0011_notify_of_one')")
    with pytest.raises(NotMigratedError, match="version 11") as refused:
        check_migrated(connection, "pooljobs")
    assert "DROP SCHEMA" in str(refused.value.hint)


def test_a_host_of_the_version_before_serves_on_and_leaves_what_is_newer_alone(
    connection: Conn, owner_dsn: str
) -> None:
    with with_migrations(m0900_later=COMPATIBLE):
        assert migrate(owner_dsn).version == 900
    check_migrated(connection, "pooljobs")
    connection.execute(
        "CREATE OR REPLACE FUNCTION pooljobs.any_host_idle() RETURNS boolean LANGUAGE sql AS 'SELECT true'"
    )
    assert migrate(owner_dsn).applied == []
    assert pending(owner_dsn) == []
    assert scalar(connection, "SELECT pooljobs.any_host_idle()"), "an older pooljobs put its own function back"


def test_a_host_that_is_too_old_is_refused(connection: Conn, owner_dsn: str) -> None:
    with with_migrations(m0900_later=COMPATIBLE, m0901_much_later=INCOMPATIBLE):
        migrate(owner_dsn)
        check_migrated(connection, "pooljobs")
    with pytest.raises(NotMigratedError, match="901, and works with pooljobs of version 900 and later"):
        check_migrated(connection, "pooljobs")


def test_the_first_schema_with_jobs_in_it_is_taken_through_every_later_migration(empty_dsn: str) -> None:
    with only_until(100):
        migrate(empty_dsn)
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        assert installed(connection, "pooljobs") == Installed(100, 100)
        insert(connection, 3, trace_id="t", payload='{"n": 1}', queue="q", priority=-2)
        connection.execute("SELECT pooljobs.cancel(id) FROM pooljobs.live LIMIT 1")
        jobs = (
            "SELECT id, queue, job_type, payload, status, attempts, trace_id, priority FROM pooljobs.jobs ORDER BY id"
        )
        before = connection.execute(jobs).fetchall()
        assert migrate(empty_dsn).version == code_version()
        assert connection.execute(jobs).fetchall() == before


def test_an_index_is_built_beside_writers_and_other_migrations(connection: Conn, owner_dsn: str) -> None:
    """Whoever waits for its turn must hold no snapshot, or the index would wait for it, and both for ever."""
    insert(connection, 1)
    reports: list[list[str]] = []
    with with_migrations(m0900_index=INDEX), psycopg.connect(owner_dsn) as writer:
        writer.execute("INSERT INTO pooljobs.live (job_type) VALUES ('open')")
        racers = [threading.Thread(target=lambda: reports.append(migrate(owner_dsn).applied)) for _ in range(3)]
        for racer in racers:
            racer.start()
        building = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^CREATE UNIQUE' AND wait_event_type = 'Lock'"
        wait_until(lambda: scalar(connection, building) == 1, what="the index to wait for the open transaction")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooljobs migrate (turn)'"
        wait_until(lambda: scalar(connection, waiting) == 3, what="the others to wait for their turn")
        writer.commit()
        for racer in racers:
            racer.join()
    assert sorted(reports) == [[], [], ["0900_index"]]
    assert scalar(connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'pooljobs.live_later'::regclass")


def test_an_index_that_could_not_be_built_is_built_at_the_next_try(connection: Conn, owner_dsn: str) -> None:
    insert(connection, 2, trace_id="the same twice")
    with with_migrations(m0900_index=INDEX):
        with pytest.raises(DatabaseRefusedError, match="could not create unique index"):
            migrate(owner_dsn)
        assert not scalar(
            connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'pooljobs.live_later'::regclass"
        )
        connection.execute("UPDATE pooljobs.live SET trace_id = NULL")
        assert migrate(owner_dsn).applied == ["0900_index"]
    assert scalar(connection, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'pooljobs.live_later'::regclass")


def test_a_lock_is_waited_for_in_turns_and_nothing_is_half_done(
    connection: Conn, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pooljobs.db.schema.migrator._TRIES", 2)
    with with_migrations(m0900_later=COMPATIBLE):
        with psycopg.connect(owner_dsn) as reader:
            reader.execute("SELECT FROM pooljobs.live")
            with pytest.raises(NotMigratedError, match="lock timeout"):
                migrate(owner_dsn)
        assert scalar(connection, "SELECT max(version) FROM pooljobs.migrations") < 900
        assert migrate(owner_dsn).applied == ["0900_later"]


def test_a_reader_of_the_view_does_not_keep_a_deployment_waiting(connection: Conn, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as reader:
        reader.execute("SELECT count(*) FROM pooljobs.jobs")
        assert migrate(owner_dsn).applied == []


def test_who_owns_nothing_may_say_migrate_where_nothing_is_to_be_done(connection: Conn, owner_dsn: str) -> None:
    connection.execute("CREATE ROLE migrate_guest LOGIN; GRANT USAGE ON SCHEMA pooljobs TO migrate_guest")
    connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA pooljobs TO migrate_guest")
    try:
        guest = psycopg.conninfo.make_conninfo(owner_dsn, options="-c role=migrate_guest")
        assert migrate(guest).applied == []
        with with_migrations(m0900_later=COMPATIBLE), pytest.raises(NotMigratedError, match="cannot migrate"):
            migrate(guest)
    finally:
        connection.execute("DROP OWNED BY migrate_guest; DROP ROLE migrate_guest")


@pytest.mark.hazard("Making a partition waits for settlements")
def test_partitions_reach_two_weeks_ahead_and_are_made_once(connection: Conn) -> None:
    came = scalar(connection, "SELECT pooljobs.ensure_partitions()")  # 1 where midnight came since the migration
    assert came in {0, 1}
    assert scalar(connection, "SELECT pooljobs.ensure_partitions()") == 0
    assert scalar(connection, "SELECT pooljobs.ensure_partitions(20)") == 6
    count = scalar(connection, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass")
    assert count == 22 + came


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


def test_a_workers_timeout_beyond_sense_is_bounded_and_no_other_is_taken(connection: Connection[Any]) -> None:
    """As they were before migration 103: a claim adds them to a time."""
    worker = register(connection)
    connection.execute("ALTER TABLE pooljobs.workers DROP CONSTRAINT workers_job_timeout_in_range")
    connection.execute("UPDATE pooljobs.workers SET job_timeout = '178000000 years'")
    migration = next(each for each in migrations() if each.version == 105)
    connection.execute(render(migration.text, "pooljobs"))
    assert claim(connection, worker) == []
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE pooljobs.workers SET job_timeout = '-1 s'")
