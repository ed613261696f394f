"""No error of psycopg's leaves what is documented: what is wrong with a database is told by one of ours."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pooljobs import (
    DatabaseReadOnlyError,
    DatabaseRefusedError,
    DatabaseUnreachableError,
    NotMigratedError,
    PoolJobs,
    PoolJobsError,
)
from pooljobs.db.schema.grants import grant
from pooljobs.db.schema.migrator import migrate, pending
from pooljobs_cli.main import run
from tests.support.claims import scalar
from tests.support.cut_line import line_to
from tests.support.forking import exit_code_of
from tests.support.roles import role_for

Conn = Connection[Any]
ID: Final = "01981f0e-5b1a-7c3d-9f6e-2a4b8c0d1e2f"


class Harm(NamedTuple):
    """One way in which a database is not as it should be: what it does to the DSN, and what is to be told."""

    done: Callable[[str], Any]
    error: type[PoolJobsError]
    spares: tuple[str, ...] = ()
    """Calls, and commands, that are not hindered."""


@contextmanager
def nobody_there(_dsn: str) -> Iterator[str]:
    yield "host=127.0.0.1 port=1 dbname=x"


@contextmanager
def no_such_user(dsn: str) -> Iterator[str]:
    yield make_conninfo(dsn, user="nobody_of_that_name", password="wrong")


@contextmanager
def no_such_database(dsn: str) -> Iterator[str]:
    yield make_conninfo(dsn, dbname="nothing_of_that_name")


@contextmanager
def odd_parameter(dsn: str) -> Iterator[str]:
    yield make_conninfo(dsn, connect_timeout="soon")


@contextmanager
def no_schema(dsn: str) -> Iterator[str]:
    _run(dsn, "DROP SCHEMA pooljobs CASCADE")
    yield dsn


@contextmanager
def no_table(dsn: str) -> Iterator[str]:
    _run(dsn, "DROP TABLE pooljobs.live CASCADE")
    yield dsn


@contextmanager
def no_rights(dsn: str) -> Iterator[str]:
    with role_for(dsn) as theirs:
        yield theirs


@contextmanager
def read_only(dsn: str) -> Iterator[str]:
    _run(dsn, "ALTER DATABASE {} SET default_transaction_read_only = on")
    yield dsn


@contextmanager
def too_slow(dsn: str) -> Iterator[str]:
    """A statement_timeout, and somebody's lock on all that there is."""
    _run(dsn, "ALTER DATABASE {} SET statement_timeout = 200")
    with psycopg.connect(dsn) as holder:
        tables = holder.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'pooljobs'").fetchall()
        for (table,) in tables:
            holder.execute(sql.SQL("LOCK {}").format(sql.Identifier("pooljobs", table)))
        yield dsn


@contextmanager
def a_trigger_that_raises(dsn: str) -> Iterator[str]:
    _run(dsn, "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'not today'; END$$")
    _run(dsn, "CREATE TRIGGER no BEFORE INSERT OR DELETE ON pooljobs.live FOR EACH STATEMENT EXECUTE FUNCTION no()")
    yield dsn


@contextmanager
def cut_at_once(dsn: str) -> Iterator[str]:
    """The connection is lost with the first word about the schema."""
    with line_to(dsn) as line:
        line.lose_request = b"pooljobs"
        yield make_conninfo(line.dsn, application_name="test")


def _run(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        name = sql.Identifier(str(conninfo_to_dict(dsn)["dbname"]))
        connection.execute(sql.SQL(statement).format(name))


LOOKS = ("pending", "jobs list", "jobs show", "stats", "migrate --check")
MENDS = ("migrate", "pending", "pooljobs migrate", "migrate --check")
CANCELS = ("cancel", "cancel_async", "jobs cancel")
"""Of a job that is not there."""
HARMS = [
    Harm(nobody_there, DatabaseUnreachableError),
    Harm(no_such_user, DatabaseUnreachableError),
    Harm(no_such_database, DatabaseUnreachableError),
    Harm(odd_parameter, DatabaseUnreachableError),
    Harm(no_schema, NotMigratedError, MENDS),
    Harm(no_table, NotMigratedError),
    Harm(no_rights, DatabaseRefusedError, MENDS),
    Harm(read_only, DatabaseReadOnlyError, (*LOOKS, *CANCELS)),
    Harm(too_slow, DatabaseRefusedError, ("grant",)),
    Harm(a_trigger_that_raises, DatabaseRefusedError, (*LOOKS, *MENDS, "grant", *CANCELS)),
    Harm(cut_at_once, DatabaseUnreachableError),
]

CALLS: dict[str, Callable[[PoolJobs, str], Any]] = {
    "enqueue": lambda app, _: app.enqueue("greet"),
    "enqueue_async": lambda app, _: asyncio.run(app.registry["greet"].enqueue_async()),
    "enqueue_many": lambda app, _: app.registry["greet"].enqueue_many([{}]),
    "cancel": lambda app, _: app.cancel(UUID(ID)),
    "cancel_async": lambda app, _: asyncio.run(app.cancel_async(UUID(ID))),
    "migrate": lambda _, dsn: migrate(dsn),
    "pending": lambda _, dsn: pending(dsn),
    "grant": lambda _, dsn: grant(dsn, "pooljobs", "pg_monitor", "worker"),
}

COMMANDS = {
    "enqueue": ["enqueue", "greet"],
    "jobs list": ["jobs", "list"],
    "jobs show": ["jobs", "show", ID],
    "jobs cancel": ["jobs", "cancel", ID],
    "stats": ["stats"],
    "pooljobs migrate": ["migrate"],
    "migrate --check": ["migrate", "--check"],
    "grant": ["grant", "pg_monitor", "--as", "worker", "--run"],
}


def raised_by(call: Callable[[], Any]) -> BaseException | None:
    try:
        call()
    except PoolJobsError as error:
        return error
    return None


by_name = partial(pytest.mark.parametrize, ids=lambda value: getattr(getattr(value, "done", None), "__name__", None))


@by_name("harm", HARMS)
def test_calls_raise_errors_of_ours(harm: Harm, owner_dsn: str) -> None:
    with harm.done(owner_dsn) as dsn, PoolJobs(dsn, wait=0) as app:

        @app.job
        def greet() -> None: ...

        for name, call in CALLS.items():
            if name in harm.spares:
                continue
            error = raised_by(partial(call, app, dsn))
            assert isinstance(error, harm.error), (name, error)
            assert error.hint, name
            assert isinstance(error.__cause__, psycopg.Error) or (name, harm.done) == ("grant", no_schema), (
                name,
                error,
            )


@by_name("harm", HARMS)
def test_commands_end_with_a_line_a_hint_and_their_exit_code(
    harm: Harm, owner_dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with harm.done(owner_dsn) as dsn:
        for name, command in COMMANDS.items():
            if name in harm.spares:
                continue
            code = run([*command, "--dsn", dsn], pytest.fail)
            told = capsys.readouterr().err
            assert code == harm.error.exit_code, (name, told)
            assert told.startswith("error: "), (name, told)
            assert "\nhint: " in told, (name, told)
            assert "Traceback" not in told, (name, told)
            if harm.done is no_schema:
                assert f"\nhint: run: {shlex.join(['pooljobs', 'migrate', '--dsn', dsn])}\n" in told, (name, told)


def test_a_payload_that_is_refused_is_quoted_nowhere(owner_dsn: str, connection: Conn) -> None:
    connection.execute("ALTER TABLE pooljobs.live ADD CHECK (payload <> '{\"card\": 4242}')")
    with PoolJobs(owner_dsn) as app:

        @app.job
        def pay(card: int) -> None: ...

        for way in (lambda: pay.enqueue(card=4242), lambda: pay.enqueue_many([{"card": 4242}])):
            with pytest.raises(DatabaseRefusedError, match="violates check constraint") as told:
                way()
            assert "4242" not in str(told.value)
            assert told.value.__cause__ is None
            assert told.value.__suppress_context__


def test_a_callers_connection_has_our_errors_of_our_schema_and_his_of_all_else(owner_dsn: str) -> None:
    with no_rights(owner_dsn) as theirs, psycopg.connect(theirs) as conn, PoolJobs("") as app:

        @app.job
        def greet() -> None: ...

        with pytest.raises(DatabaseRefusedError, match="permission denied"):
            greet.enqueue_with(conn)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            app.cancel_with(conn, ID)
        conn.rollback()
        with pytest.raises(DatabaseRefusedError, match="permission denied"):
            app.cancel_with(conn, ID)
        conn.close()
        with pytest.raises(psycopg.OperationalError, match="closed"):
            greet.enqueue_with(conn)


def test_a_forked_process_has_connections_of_its_own(owner_dsn: str, connection: Conn) -> None:
    with PoolJobs(owner_dsn) as app:
        before = app.enqueue("greet").id

        def child() -> bool:
            stored = app.enqueue("greet").id != before
            app.close()
            return stored and app.enqueue("greet").id != before

        assert exit_code_of(child) == 0
        app.enqueue("greet")
        assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 4
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooljobs producer' AND pid <> %s"
        assert scalar(connection, ours, os.getpid()) >= 1
