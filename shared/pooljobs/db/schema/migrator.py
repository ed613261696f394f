"""Brings the schema up to date: what is missing of ``sql/migrations``, then functions and view as they are today."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg import errors as pg

from pooljobs.db.connect import connect, pinned_transaction
from pooljobs.db.error_classes import one_line
from pooljobs.db.public_errors import ours
from pooljobs.db.schema.functions import create_function
from pooljobs.db.schema.migration_lock import turn
from pooljobs.db.schema.migrations import MADE_FIRST, Migration, code_version, functions, migrations
from pooljobs.db.schema.partitions import lapse
from pooljobs.db.schema.repair import mend, to_mend
from pooljobs.db.schema.version import Installed, installed, refuse_newer
from pooljobs.db.session_settings import CLOSED_PATH, patient
from pooljobs.db.statements import Statements, render
from pooljobs.errors import NotMigratedError
from pooljobs.schema_name import check_schema

_TRIES = 30
"""How often a step is begun anew that met somebody's lock. Each waits a second at most: others queue behind it."""

_WAIT = "lock_timeout = '1s'"


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What ``migrate`` did: the names of the files applied now, and the version the schema has.

    Attributes:
        warning: What is wrong all the same, and what to do about it; empty if nothing is.
        mended: Functions and views that were not as they should be, though nothing was to be applied, and are now: the
            schema was renamed, or restored on another server.
    """

    applied: list[str]
    version: int
    _: KW_ONLY
    warning: str = ""
    mended: list[str] = field(default_factory=list)


def migrate(
    dsn: str, schema: str = "pooljobs", *, on_applied: Callable[[Migration], None] | None = None
) -> MigrationReport:
    """Applies what is missing. Safe to run from many hosts at once, which take turns, and while workers run.

    A schema that is newer than this code, and works with it, is left as it is.

    Raises:
        DatabaseUnreachableError: Nobody answered at the DSN, or the connection was lost. What was done so far stays.
        DatabaseUnsupportedError: The server is too old, or cannot be written to.
        DatabaseRefusedError: It refused a statement, for a timeout of the database, say. What was done so far stays.
        NotMigratedError: The schema is too new for this pooljobs or too old to be migrated, the user may not create
            it, or somebody's lock on one of its tables was in the way for half a minute.
        OptionError: The schema cannot have that name.
    """
    check_schema(schema)
    with ours(schema), connect(dsn, application_name="pooljobs migrate") as connection:
        try:
            with turn(dsn, schema):
                return _migrate(connection, schema, on_applied)
        except (pg.InsufficientPrivilege, pg.LockNotAvailable, pg.DependentObjectsStillExist) as error:
            raise NotMigratedError(f"cannot migrate: {one_line(error)}", hint=_way_out(error)) from error


def _way_out(error: psycopg.Error) -> str:
    if isinstance(error, pg.InsufficientPrivilege):
        return "migrate as a user who may create schemas in this database, then run the workers as any user"
    if isinstance(error, pg.LockNotAvailable):
        return "a transaction that is open for long has it: see pg_stat_activity; what was done so far stays"
    return f"{error.diag.message_detail}: drop that, migrate, and create it anew"


def pending(dsn: str, schema: str = "pooljobs") -> list[str]:
    """The names of the migrations that ``migrate`` would apply, or of what it would mend. Changes nothing.

    Raises:
        DatabaseUnreachableError, DatabaseUnsupportedError, DatabaseRefusedError: As their names say.
        NotMigratedError: The schema is too new for this pooljobs or too old to be migrated.
    """
    with ours(schema), connect(dsn, application_name="pooljobs migrate") as connection:
        have = installed(connection, schema) or Installed(0, 0)
        refuse_newer(have, schema)
        missing = [migration.name for migration in migrations() if migration.version > have.version]
        if not missing and have.version == code_version():
            with suppress(pg.InsufficientPrivilege, pg.LockNotAvailable, pg.ReadOnlySqlTransaction):
                return to_mend(connection, schema)
        return missing


def _migrate(
    connection: Connection[Any], schema: str, on_applied: Callable[[Migration], None] | None
) -> MigrationReport:
    _prepare(connection, schema)
    have = installed(connection, schema) or Installed(0, 0)
    refuse_newer(have, schema)
    if have.version > code_version():  # its functions are younger than ours
        return MigrationReport([], have.version)
    missing = [migration for migration in migrations() if migration.version > have.version]
    if not missing:
        mended = _mend(connection, schema)
        return MigrationReport([], have.version, warning=_look_after_partitions(connection, schema), mended=mended)
    texts = functions()
    _create(connection, schema, {name: texts[name] for name in MADE_FIRST})
    for migration in missing:
        _retried(lambda: _apply(connection, schema, migration))  # noqa: B023  # called at once
        if on_applied:
            on_applied(migration)
    _retried(lambda: _create(connection, schema, texts))
    _retried(lambda: _make_partitions(connection, schema))
    return MigrationReport([migration.name for migration in missing], code_version())


def _mend(connection: Connection[Any], schema: str) -> list[str]:
    """Functions and view as they should be anyway: whoever may not create them, or meets a lock, leaves them."""
    with suppress(pg.InsufficientPrivilege, pg.LockNotAvailable):
        return mend(connection, schema)
    return []


def _look_after_partitions(connection: Connection[Any], schema: str) -> str:
    """What is to be done about partitions that this user cannot make and nobody else makes; empty if nothing is."""
    try:
        _make_partitions(connection, schema)
    except pg.LockNotAvailable:
        pass
    except pg.InsufficientPrivilege as error:
        with pinned_transaction(connection):
            found = lapse(connection, Statements(schema), error)
        return found.text if found else ""
    return ""


def _make_partitions(connection: Connection[Any], schema: str) -> None:
    with pinned_transaction(connection):
        connection.execute(Statements(schema).load("make_partitions"))


def _apply(connection: Connection[Any], schema: str, migration: Migration) -> None:
    if not migration.in_transaction:
        _drop_unfinished_indexes(connection, schema)
        with _pinned_session(connection):
            connection.execute(render(migration.text, schema))
    with pinned_transaction(connection, *patient(connection), _WAIT):
        if migration.in_transaction:
            connection.execute(render(migration.text, schema))
        insert = sql.SQL("INSERT INTO {} (version, name, oldest_code) VALUES ({}, {}, {})").format(
            sql.Identifier(schema, "migrations"), migration.version, migration.name, migration.oldest_code
        )
        connection.execute(insert)


@contextmanager
def _pinned_session(connection: Connection[Any]) -> Iterator[None]:
    """For what may not stand in a transaction, and takes what it takes; the settings are as they were afterwards."""
    settings = (CLOSED_PATH, *patient(connection))
    connection.execute("; ".join(f"SET {setting}" for setting in settings).encode())
    try:
        yield
    finally:
        connection.execute("; ".join(f"RESET {setting.split(' = ')[0]}" for setting in settings).encode())


def _create(connection: Connection[Any], schema: str, texts: Mapping[str, str]) -> None:
    with pinned_transaction(connection, _WAIT):
        for name, text in texts.items():
            create_function(connection, schema, name, text)


def _drop_unfinished_indexes(connection: Connection[Any], schema: str) -> None:
    """What an interrupted CREATE INDEX CONCURRENTLY leaves behind stands in the way of the next try."""
    with pinned_transaction(connection):
        left = connection.execute(
            "SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
            " WHERE c.relnamespace = to_regnamespace(quote_ident(%s)) AND c.relkind = 'i' AND NOT i.indisvalid",
            (schema,),
        ).fetchall()
    for (name,) in left:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, name)))


def _retried(step: Callable[[], object]) -> None:
    for left in reversed(range(_TRIES)):
        try:
            step()
        except pg.LockNotAvailable:
            if not left:
                raise
        else:
            return


def _prepare(connection: Connection[Any], schema: str) -> None:
    with pinned_transaction(connection):
        exists = connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL", (schema,)).fetchone()
        if not (exists and exists[0]):  # CREATE ... IF NOT EXISTS would ask for the privilege even where it is there
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        if installed(connection, schema) is None:
            connection.execute(
                render(
                    "CREATE TABLE {schema}.migrations (version integer PRIMARY KEY, name text NOT NULL,"
                    " oldest_code integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
                    schema,
                )
            )
