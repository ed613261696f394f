"""The schema that the bench works in: made at its beginning, dropped at its end, whatever ends it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import Connection

from pooljobs.db.connect import connect
from pooljobs.db.schema.migrate import migrate
from pooljobs.db.statements import render
from pooljobs.errors import OptionError
from pooljobs_supervisor.bench.app import SCHEMA
from pooljobs_supervisor.telling.console import say

MARK: Final = "made by pooljobs bench, which drops it"
"""The schema's comment: only what bears it is dropped."""


@contextmanager
def staged(dsn: str) -> Iterator[Connection[Any]]:
    """A connection to the database, with the schema in it until the ``with`` ends.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError: As their names say.
        OptionError: Another bench runs in this database, or the schema was there and is not the bench's.
    """
    with connect(dsn, application_name="pooljobs bench") as connection:
        _take_turn(connection)
        _drop_own(connection)
        try:
            connection.execute(render("CREATE SCHEMA {schema}", SCHEMA))
            connection.execute(render("COMMENT ON SCHEMA {schema} IS ", SCHEMA) + f"'{MARK}'".encode())
            migrate(dsn, SCHEMA)
            connection.execute(load("make_probe"))
            yield connection
        finally:
            _clean_up(connection)


def load(verb: str) -> bytes:
    """A statement of ``bench/sql``."""
    return render(resources.files(__package__).joinpath("sql", f"{verb}.sql").read_text("utf-8"), SCHEMA)


def _take_turn(connection: Connection[Any]) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (SCHEMA,)).fetchone()
    if not (row and row[0]):
        raise OptionError("another bench runs in this database", hint="wait for it, or pass another --dsn")


def _drop_own(connection: Connection[Any]) -> None:
    """Drops what a bench left that was killed; refuses to touch what somebody else made."""
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (SCHEMA,)
    ).fetchone()
    if row is None:
        return
    if row[0] != MARK:
        hint = "the bench would drop it at the end: rename yours, or name another database with --dsn"
        raise OptionError(f"schema {SCHEMA} is in this database, and no bench made it", hint=hint)
    connection.execute(render("DROP SCHEMA {schema} CASCADE", SCHEMA))


def _clean_up(connection: Connection[Any]) -> None:
    """A second Ctrl-C does not keep the schema from being dropped."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.cancel()
            connection.rollback()
        _drop_own(connection)
    except psycopg.OperationalError:
        say(f"schema {SCHEMA} is still there; the next bench in this database drops it", style="yellow")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
