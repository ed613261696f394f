"""A schema that a command makes for itself and drops at its end, whatever ends it. Used by demo, chaos and bench.

It bears a mark from the moment it is there, so that the next run can drop what a killed one has left, and nobody drops
what he did not make. A lock keeps two runs apart. Objects of others that have come to depend on it are never dropped.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from pooljobs.db.connect import close_path, connect
from pooljobs.db.endpoint import place
from pooljobs.db.schema.migrator import migrate
from pooljobs.errors import PoolJobsError, RefusedError
from pooljobs_cli.output.console import say

_LOCK_TIMEOUT: Final = 20
"""Seconds to wait for the workers of a run that was killed: they end by themselves."""

_SHOWN: Final = 5

Agree = Callable[[str], None]
"""Told what is about to be done, and where; raises if that is not wanted."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Whose schema it is: its name, the command's, and what the command does to the database meanwhile, in words."""

    schema: str
    command: str
    does: str

    @property
    def mark(self) -> str:
        """The schema's comment: only what bears it is dropped."""
        return f"made by pooljobs {self.command}, which drops it"


@dataclass(slots=True)
class OwnSchema:
    """The schema while it is there, and a connection to work in it. ``keep``: it is to stay, until the next run."""

    connection: Connection[Any]
    keep: bool = False


@contextmanager
def own_schema(dsn: str, purpose: Purpose, agree: Agree) -> Iterator[OwnSchema]:
    """The schema, migrated and otherwise empty, until the ``with`` ends.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError: As their names say.
        RefusedError: It is not agreed to; another run has the schema; it is there and no run made it; or objects of
            others depend on it.
    """
    with connect(dsn, application_name=f"pooljobs {purpose.command}") as connection:
        close_path(connection)
        _take_turn(connection, purpose)
        left = _is_left(connection, purpose)
        agree(_told(connection, purpose, left=left))
        if left:
            _drop(connection, purpose)
        own = OwnSchema(connection)
        try:
            _make(connection, purpose)
            migrate(dsn, purpose.schema)
            yield own
        finally:
            if own.keep:
                say(f"schema {purpose.schema} is kept; the next {purpose.command} in this database drops it")
            else:
                _clean_up(own.connection, dsn, purpose)


def _told(connection: Connection[Any], purpose: Purpose, *, left: bool) -> str:
    told = f"pooljobs {purpose.command} {purpose.does} {place(connection)}, in a schema {purpose.schema}"
    before = ", after it has dropped what a run before has left there" if left else ""
    return f"{told} that it makes{before} and drops at the end"


def _take_turn(connection: Connection[Any], purpose: Purpose) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (purpose.schema,)).fetchone()
    if not (row and row[0]):
        hint = "wait for it, or pass another --dsn"
        raise RefusedError(f"another {purpose.command} runs in this database", hint=hint)


def _is_left(connection: Connection[Any], purpose: Purpose) -> bool:
    """Whether a run that was killed has left it; raises RefusedError where somebody else made it."""
    row = connection.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_catalog.pg_namespace WHERE nspname = %s", (purpose.schema,)
    ).fetchone()
    if row is not None and row[0] != purpose.mark:
        hint = f"the {purpose.command} would drop it at the end: rename yours, or name another database with --dsn"
        raise RefusedError(f"schema {purpose.schema} is in this database, and no {purpose.command} made it", hint=hint)
    return row is not None


def _make(connection: Connection[Any], purpose: Purpose) -> None:
    """With its mark at once: who is killed in between leaves nothing."""
    name = sql.Identifier(purpose.schema)
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(name, sql.Literal(purpose.mark)))


def _drop(connection: Connection[Any], purpose: Purpose) -> None:
    name = sql.Identifier(purpose.schema)
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}s'".encode())
        _hold_tables(connection, purpose.schema)
        query = resources.files(__package__).joinpath("sql", "find_dependents.sql").read_bytes()
        if found := [row[0] for row in connection.execute(query, {"name": purpose.schema})]:
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise RefusedError(
                f"schema {purpose.schema} is not dropped, because others depend on it: "
                f"{', '.join(found[:_SHOWN])}{more}",
                hint="drop or move these first",
            )
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))


def _hold_tables(connection: Connection[Any], schema: str) -> None:
    """So that what depends on them can be looked for in peace."""
    tables = connection.execute(
        "SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND relnamespace ="
        " (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %s)",
        (schema,),
    ).fetchall()
    if tables:
        every = sql.SQL(", ").join(sql.Identifier(schema, row[0]) for row in tables)
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(every))


def _clean_up(connection: Connection[Any], dsn: str, purpose: Purpose) -> None:
    """A second Ctrl-C does not keep the schema from being dropped, nor does a connection that was lost."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if _answers(connection):
            _drop(connection, purpose)
        else:
            with connect(dsn, application_name=f"pooljobs {purpose.command}") as another:
                close_path(another)
                _drop(another, purpose)
    except (psycopg.Error, PoolJobsError) as error:
        why = str(error) if isinstance(error, RefusedError) else f"schema {purpose.schema} is still there"
        say(f"{why}; the next {purpose.command} in this database drops it", style="warning")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(connection: Connection[Any]) -> bool:
    """Whether it can still be used; what it was in the middle of is given up."""
    try:
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.cancel()
            connection.rollback()
        connection.execute("SELECT")
    except psycopg.OperationalError:
        return False
    return True
