"""Puts functions and view right where no migration is missing: they may be of another server, or bear another name.

A schema that was made on PostgreSQL 18 and is restored on an older one calls a function that is not there. One that was
renamed has functions in whose texts the old name stands.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from pooljobs.db.connect import pinned_transaction
from pooljobs.db.error_classes import MISSING, one_line
from pooljobs.db.schema.functions import create_function
from pooljobs.db.schema.migration_lock import taken
from pooljobs.db.schema.migrations import functions
from pooljobs.errors import NotMigratedError

_WAIT: Final = "lock_timeout = '1s'"

_DEFINITIONS: Final = """
SELECT p.proname, md5(string_agg(pg_get_functiondef(p.oid), '' ORDER BY p.oid))
FROM pg_proc AS p
WHERE p.pronamespace = to_regnamespace(%(schema)s) AND p.proname = ANY (%(names)s)
GROUP BY p.proname
UNION ALL
SELECT c.relname, md5(pg_get_viewdef(c.oid))
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relname = ANY (%(names)s) AND c.relkind = 'v'
"""


def mend(connection: Connection[Any], schema: str) -> list[str]:
    """The names of those that were not as they should be, and are now. The caller has the turn (``migration_lock.py``).

    Raises:
        NotMigratedError: A table that they need is not there.
        psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable: As their names say.
    """
    with pinned_transaction(connection, _WAIT):
        return _changed(connection, schema)


def to_mend(connection: Connection[Any], schema: str) -> list[str]:
    """The names of those that ``mend`` would mend, and with the same errors; empty while somebody migrates."""
    with pinned_transaction(connection, _WAIT), connection.transaction(force_rollback=True):
        return _changed(connection, schema) if taken(connection, schema) else []


def _changed(connection: Connection[Any], schema: str) -> list[str]:
    texts = functions()
    before = _definitions(connection, schema, list(texts))
    try:
        for name, text in texts.items():
            create_function(connection, schema, name, text)
    except MISSING as error:
        raise _not_whole(error, schema) from error
    after = _definitions(connection, schema, list(texts))
    return [name for name in texts if before.get(name) != after[name]]


def _definitions(connection: Connection[Any], schema: str, names: list[str]) -> dict[str, str]:
    parameters = {"schema": sql.Identifier(schema).as_string(None), "names": names}
    return dict(connection.execute(_DEFINITIONS, parameters).fetchall())


def _not_whole(error: psycopg.Error, schema: str) -> NotMigratedError:
    hint = (
        "was it restored in part? See what that restore could not do; or else drop the schema, migrate, and restore "
        "the data alone: pg_restore --data-only"
    )
    return NotMigratedError(f"schema {schema!r} is not whole, though migrated: {one_line(error)}", hint=hint)
