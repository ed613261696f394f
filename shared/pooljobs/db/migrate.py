"""Brings the schema up to date: numbered files of ``sql/migrations``, each once, each in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from psycopg import Connection, sql
from psycopg import errors as pg

from pooljobs.db.connect import connect
from pooljobs.db.faults import one_line
from pooljobs.db.statements import Statements, render
from pooljobs.errors import DatabaseUnsupportedError, NotMigratedError

_PARTITION_TRIES = 30


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What ``migrate`` did: the names of the files applied now, and the version the schema has."""

    applied: list[str]
    version: int


def migrations() -> list[Migration]:
    """All migrations this version of pooljobs knows, in order."""
    folder = resources.files("pooljobs").joinpath("sql", "migrations")
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [Migration(int(entry.name[:4]), entry.name[:-4], entry.read_text("utf-8")) for entry in files]


def migrate(
    dsn: str, schema: str = "pooljobs", *, on_applied: Callable[[Migration], None] | None = None
) -> MigrationReport:
    """Applies what is missing. Safe to run from many hosts at once: they take turns.

    Raises:
        DatabaseUnreachableError: Nobody answered at the DSN.
        DatabaseUnsupportedError: The server is too old, or cannot be written to.
        NotMigratedError: The schema is newer than this version of pooljobs, or the user may not create it.
    """
    with connect(dsn, application_name="pooljobs migrate") as connection:
        try:
            return _migrate(connection, schema, on_applied)
        except pg.InsufficientPrivilege as error:
            hint = "migrate as a user who may create schemas in this database, then run the workers as any user"
            raise NotMigratedError(f"cannot migrate: {one_line(error)}", hint=hint) from None
        except pg.ReadOnlySqlTransaction as error:
            raise DatabaseUnsupportedError(
                f"cannot migrate: {one_line(error)}", hint="this is a standby: name the primary in the DSN"
            ) from None


def _migrate(
    connection: Connection[Any], schema: str, on_applied: Callable[[Migration], None] | None
) -> MigrationReport:
    known = migrations()
    applied: list[str] = []
    with _turn(connection, schema):
        _prepare(connection, schema)
        have = installed_version(connection, schema) or 0
        _refuse_newer(have, known[-1].version, schema)
        for migration in known[have:]:
            with connection.transaction():
                connection.execute(render(migration.text, schema))
                connection.execute(
                    render("INSERT INTO {schema}.migrations (version, name) VALUES (%s, %s)", schema),
                    (migration.version, migration.name),
                )
            applied.append(migration.name)
            if on_applied:
                on_applied(migration)
        _make_partitions(connection, schema)
    return MigrationReport(applied, known[-1].version)


def _make_partitions(connection: Connection[Any], schema: str) -> None:
    """The statement waits for locks in short turns, so that nobody queues behind it for long."""
    for left in reversed(range(_PARTITION_TRIES)):
        try:
            connection.execute(Statements(schema).load("ensure_partitions"))
        except pg.LockNotAvailable:
            if not left:
                raise
        else:
            return


class _turn:  # noqa: N801  # reads as a statement: with _turn(connection, schema)
    """Holds the advisory lock that makes concurrent migrations take turns."""

    def __init__(self, connection: Connection[Any], schema: str) -> None:
        self._connection = connection
        self._key = f"{schema}.migrations"

    def __enter__(self) -> None:
        self._connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (self._key,))

    def __exit__(self, *_: object) -> None:
        if not self._connection.closed:
            self._connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (self._key,))


def _prepare(connection: Connection[Any], schema: str) -> None:
    exists = connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL", (schema,)).fetchone()
    if not (exists and exists[0]):  # CREATE ... IF NOT EXISTS would ask for the privilege even where it is there
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    if installed_version(connection, schema) is None:
        connection.execute(
            render(
                "CREATE TABLE {schema}.migrations (version integer PRIMARY KEY, name text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())",
                schema,
            )
        )


def installed_version(connection: Connection[Any], schema: str) -> int | None:
    """The version the schema is at: 0 before the first migration, None if it was never prepared."""
    name = sql.Identifier(schema, "migrations").as_string(None)
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    if not (row and row[0]):
        return None
    newest = connection.execute(render("SELECT coalesce(max(version), 0) FROM {schema}.migrations", schema)).fetchone()
    return int(newest[0]) if newest else 0


def check_migrated(connection: Connection[Any], schema: str) -> None:
    """Raises NotMigratedError unless the schema is at exactly this version."""
    have, want = installed_version(connection, schema), migrations()[-1].version
    if have is None:
        raise NotMigratedError(f"schema {schema!r} is not in this database", hint="run: pooljobs migrate")
    if have < want:
        raise NotMigratedError(f"schema {schema!r} is at version {have}, this is {want}", hint="run: pooljobs migrate")
    _refuse_newer(have, want, schema)


def _refuse_newer(have: int, want: int, schema: str) -> None:
    if have > want:
        hint = "upgrade pooljobs on this machine; a newer one has migrated the database"
        raise NotMigratedError(f"schema {schema!r} is at version {have}, newer than this pooljobs ({want})", hint=hint)
