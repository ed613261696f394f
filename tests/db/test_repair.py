"""A schema that was renamed, or restored on a server of another version: ``migrate`` mends it, and says so."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs import Cancellation, NotMigratedError, PoolJobs
from pooljobs.db.schema.grants import grant
from pooljobs.db.schema.migrations import code_version, functions
from pooljobs.db.schema.migrator import migrate, pending
from pooljobs.exit_codes import ExitCode
from pooljobs_cli.main import run
from tests.support.claims import insert, scalar
from tests.support.database import DatabaseServer
from tests.support.roles import role_for
from tests.support.servers import installations, major_of, server_of

Conn = Connection[Any]

RESTORED = """
SET check_function_bodies = off;
CREATE OR REPLACE FUNCTION pooljobs.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT pg_catalog.uuidv99()'
"""
"""What a dump leaves on a server that is too old for the function."""

OLDER = 15
HOLDS = """
SELECT string_agg(p.proname, ' ') FROM pg_proc AS p
WHERE strpos(p.prosrc, '"pooljobs"') > 0 AND p.pronamespace = %s::regnamespace
"""


def uses(app: PoolJobs) -> None:
    """All that an application does with the database."""
    job = app.enqueue("greet", {})
    assert len(app.registry["greet"].enqueue_many([{}, {}])) == 2
    assert app.cancel(job) is Cancellation.CANCELLED
    with psycopg.connect(app.dsn or "", autocommit=True) as conn:
        app.registry["greet"].enqueue_with(conn)
        assert conn.execute(f"SELECT {app.schema}.enqueue('greet')".encode()).fetchone()
        assert scalar(conn, f"SELECT count(*) FROM {app.schema}.jobs WHERE status = 'pending'") == 4
        conn.execute(f"DELETE FROM {app.schema}.live".encode())


def app_on(dsn: str, schema: str = "pooljobs") -> PoolJobs:
    app = PoolJobs(dsn, schema=schema)

    @app.job
    def greet() -> None: ...

    return app


def test_a_function_of_another_server_is_mended(owner_dsn: str, connection: Conn) -> None:
    connection.execute(RESTORED)
    with app_on(owner_dsn) as app:
        with pytest.raises(NotMigratedError) as told:
            app.registry["greet"].enqueue_with(connection)
        assert isinstance(told.value.__cause__, pg.UndefinedFunction)
        assert pending(owner_dsn) == ["uuid_v7"]
        assert pending(owner_dsn) == ["uuid_v7"], "it was mended by a look"
        report = migrate(owner_dsn)
        assert (report.applied, report.mended, report.version) == ([], ["uuid_v7"], code_version())
        assert pending(owner_dsn) == migrate(owner_dsn).mended == []
        uses(app)


def test_the_command_says_what_it_mended(owner_dsn: str, connection: Conn, capsys: pytest.CaptureFixture[str]) -> None:
    connection.execute(RESTORED)
    assert run(["migrate", "--check", "--dsn", owner_dsn], pytest.fail) == ExitCode.NOT_MIGRATED
    assert "pending uuid_v7" in capsys.readouterr().out
    assert run(["migrate", "--dsn", owner_dsn], pytest.fail) == ExitCode.OK
    assert capsys.readouterr().out.startswith("mended uuid_v7\nschema pooljobs of ")
    assert run(["migrate", "--dsn", owner_dsn], pytest.fail) == ExitCode.OK
    assert "mended" not in capsys.readouterr().out


@pytest.mark.hazard("A schema is renamed, or restored on an older server")
def test_a_schema_that_was_renamed_is_mended_with_its_grants(owner_dsn: str, connection: Conn) -> None:
    insert(connection, 1)
    with role_for(owner_dsn, "enqueuer") as theirs:
        connection.execute("ALTER SCHEMA pooljobs RENAME TO jobs")
        assert scalar(connection, HOLDS, "jobs")
        with app_on(theirs, "jobs") as app, pytest.raises(NotMigratedError) as told:
            app.cancel("01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f")
        assert told.value.hint == "run: pooljobs migrate --schema jobs"
        report = migrate(owner_dsn, "jobs")
        assert report.applied == []
        assert {"enqueue", "cancel", "ensure_partitions", "notify_one"} <= {*report.mended}
        assert not scalar(connection, HOLDS, "jobs")
        assert migrate(owner_dsn, "jobs").mended == []
        with app_on(theirs, "jobs") as app:
            assert app.cancel(app.enqueue("greet", {})) is Cancellation.CANCELLED
        connection.execute("DELETE FROM jobs.live")
        with app_on(owner_dsn, "jobs") as app:
            uses(app)


def test_a_renamed_schema_leaves_one_of_the_old_name_alone(owner_dsn: str, connection: Conn) -> None:
    connection.execute("ALTER SCHEMA pooljobs RENAME TO jobs")
    migrate(owner_dsn)
    migrate(owner_dsn, "jobs")
    connection.execute("SELECT jobs.enqueue('a'), pooljobs.enqueue('b'), pooljobs.enqueue('c')")
    assert (
        scalar(connection, "SELECT count(*) FROM jobs.live"),
        scalar(connection, "SELECT count(*) FROM pooljobs.live"),
    ) == (1, 2)


def test_a_schema_without_one_of_its_tables_is_told_as_that(owner_dsn: str, connection: Conn) -> None:
    connection.execute("DROP TABLE pooljobs.live CASCADE")
    with pytest.raises(NotMigratedError, match="is not whole, though migrated") as told:
        migrate(owner_dsn)
    assert "restored in part" in str(told.value.hint)


def test_what_18_makes_is_no_body_that_an_older_server_would_look_into(
    server: DatabaseServer, connection: Conn
) -> None:
    if major_of(server) < 18:
        pytest.skip("before 18 nothing of it is bound to 18")
    assert scalar(connection, "SELECT prosqlbody IS NULL FROM pg_proc WHERE proname = 'uuid_v7'")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    plan = connection.execute("EXPLAIN (VERBOSE) SELECT pooljobs.uuid_v7()").fetchall()
    assert "Output: uuidv7()" in str(plan), "it is called, and not put in the place of the call"


@pytest.mark.hazard(
    "A schema is renamed, or restored on an older server, and its functions name what is not there",
    closed="`migrate` mends and names them (`shared/pooljobs/db/schema/repair.py`); the body that 18 has is a text, "
    "which an older server restores",
    area="database",
)
@pytest.mark.skipif(OLDER not in installations(), reason=f"no programs of PostgreSQL {OLDER} on this machine")
def test_a_dump_of_this_server_is_restored_on_an_older_one(
    owner_dsn: str, server: DatabaseServer, connection: Conn, reachable_bindir: Path
) -> None:
    if not (reachable_bindir / "pg_dump").exists() or major_of(server) <= OLDER:
        pytest.skip("a dump is made by the newer server's pg_dump")
    connection.execute("SELECT pooljobs.enqueue('a', payload => '{\"n\": 1}') FROM generate_series(1, 3)")
    connection.execute("SELECT pooljobs.cancel(id) FROM pooljobs.live LIMIT 1")
    jobs = "SELECT id, job_type, payload, status FROM pooljobs.jobs ORDER BY id"
    before = connection.execute(jobs).fetchall()
    dump = subprocess.run(
        [reachable_bindir / "pg_dump", "-n", "pooljobs", "-O", "-x", "-d", owner_dsn], capture_output=True, check=True
    )
    with server_of(OLDER) as older, older.empty() as dsn, psycopg.connect(dsn, autocommit=True) as restored:
        told = subprocess.run(
            [reachable_bindir / "psql", "-q", "-d", dsn], input=dump.stdout, capture_output=True, check=True
        )
        assert b"uuidv7" not in told.stderr, told.stderr.decode()
        assert restored.execute(jobs).fetchall() == before
        with pytest.raises(pg.UndefinedFunction):
            restored.execute("SELECT pooljobs.uuid_v7()")
        assert migrate(dsn).mended == ["uuid_v7"]
        restored.execute("DELETE FROM pooljobs.live")
        with app_on(dsn) as app:
            uses(app)
        assert scalar(restored, "SELECT pooljobs.ensure_partitions(20)") == 6
        assert functions().keys() >= {
            name
            for (name,) in restored.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'pooljobs'::regnamespace")
        }
        grant(dsn, "pooljobs", "pg_monitor", "worker")
