"""Which version the schema of a database has, and whether this code works with it.

A schema that is newer than the code is no obstacle by itself: each migration says which code still works with it, so
that a host of the version before serves on, and starts again, while hosts are upgraded one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, Cursor, sql

from pooljobs.db.connect import pinned_transaction
from pooljobs.db.error_classes import migrate_hint
from pooljobs.db.schema.migrations import FIRST, code_version
from pooljobs.db.statements import render
from pooljobs.errors import NotMigratedError


@dataclass(frozen=True, slots=True)
class Installed:
    """What is in a database.

    Attributes:
        version: The newest migration that was applied; 0 before the first.
        oldest_code: The version of the oldest pooljobs that works with it.
    """

    version: int
    oldest_code: int


def installed(connection: Connection[Any], schema: str) -> Installed | None:
    """What the schema is at; None if it was never prepared.

    Raises:
        NotMigratedError: It is of a pooljobs before version ``FIRST``.
    """
    with pinned_transaction(connection):
        name = sql.Identifier(schema, "migrations").as_string(None)
        if not _first(connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,))):
            return None
        version = _first(connection.execute(render("SELECT max(version) FROM {schema}.migrations", schema)))
        if 0 < version < FIRST:
            raise _of_before(schema, version)
        return Installed(
            version, _first(connection.execute(render("SELECT max(oldest_code) FROM {schema}.migrations", schema)))
        )


def _first(cursor: Cursor[Any]) -> int:
    row = cursor.fetchone()
    return int(row[0] or 0) if row else 0


def check_migrated(connection: Connection[Any], schema: str) -> None:
    """Raises NotMigratedError unless this code works with the schema as it is."""
    have, code = installed(connection, schema), code_version()
    if have is None:
        raise NotMigratedError(f"schema {schema!r} is not in this database", hint=migrate_hint(schema))
    if have.version < code:
        message = f"schema {schema!r} is at version {have.version}, this pooljobs needs {code}"
        raise NotMigratedError(message, hint=migrate_hint(schema))
    refuse_newer(have, schema)


def refuse_newer(have: Installed, schema: str) -> None:
    """Raises NotMigratedError if the schema is one that this code is too old for."""
    if have.oldest_code > code_version():
        raise NotMigratedError(
            f"schema {schema!r} is at version {have.version}, and works with pooljobs of version {have.oldest_code} "
            f"and later; this one is {code_version()}",
            hint="upgrade pooljobs on this machine; a newer one has migrated the database",
        )


def _of_before(schema: str, version: int) -> NotMigratedError:
    return NotMigratedError(
        f"schema {schema!r} is at version {version}, of a pooljobs from before its first release",
        hint="let that pooljobs finish the jobs, then DROP SCHEMA … CASCADE and migrate again; "
        "or migrate another schema beside it, with --schema",
    )
