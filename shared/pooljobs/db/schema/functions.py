"""Creates the functions and the view anew, at each migration: there is one text of each, that of today.

CREATE OR REPLACE keeps grants, owners and who depends on it. Where a function's parameters have changed it would make
a second one beside the first, and calls would be ambiguous: then the old one goes, and its grants go to the new one.

PostgreSQL lets everybody call a new function. One that runs with its owner's rights is taken from them, until somebody
grants it (sql/grants).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from psycopg import Connection, sql
from psycopg import errors as pg

from pooljobs.db.statements import render

FOR_EVERYBODY: Final = ("look_up_types",)
"""Of these functions: who may use the schema may call it."""

WITH_ENQUEUE: Final = ("take_unique", "take_uniques")
"""Called by what enqueues, with its caller's rights: when one is new, those may call it who may call ``enqueue``."""


class _Function(NamedTuple):
    signature: str
    owner_may: list[str] | None
    """The commands that give the grants to a function without any, or None if they are the default."""


def create_function(connection: Connection[Any], schema: str, name: str, text: str) -> None:
    """Creates one function or view, in the caller's transaction.

    Raises:
        psycopg.errors.DependentObjectsStillExist: Its parameters have changed, and something of the user's needs the
            old ones.
    """
    before = _overloads(connection, schema, name)
    try:
        with connection.transaction():
            connection.execute(render(text, schema))
    except pg.InvalidFunctionDefinition:  # another result, or parameters of other names
        _recreate(connection, schema, name, text, before)
    else:
        if before and len(_overloads(connection, schema, name)) > len(before):
            _recreate(connection, schema, name, text, before)
    if name not in FOR_EVERYBODY:
        _close(connection, schema, name)


def _recreate(connection: Connection[Any], schema: str, name: str, text: str, before: list[_Function]) -> None:
    for old in _overloads(connection, schema, name):
        connection.execute(f"DROP FUNCTION {old.signature}".encode())
    connection.execute(render(text, schema))
    (new,) = _overloads(connection, schema, name)
    _grant(connection, new.signature, before)


def _grant(connection: Connection[Any], signature: str, like: list[_Function]) -> None:
    for grant in {grant: None for one in like for grant in one.owner_may or ()}:
        connection.execute(grant.replace("{function}", signature).encode())


def _close(connection: Connection[Any], schema: str, name: str) -> None:
    """Takes it from PUBLIC if it runs with its owner's rights and nobody has said who may call it."""
    for (signature,) in connection.execute(_OPEN, _where(schema, name)).fetchall():
        connection.execute(f"REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC".encode())
        if name in WITH_ENQUEUE:
            _grant(connection, signature, _overloads(connection, schema, "enqueue"))


_OPEN = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
WHERE p.pronamespace = to_regnamespace(%s) AND p.proname = %s AND p.prosecdef AND p.proacl IS NULL
"""

_OVERLOADS = """
SELECT p.oid::regprocedure::text,
    CASE WHEN p.proacl IS NOT NULL THEN ARRAY['REVOKE ALL ON FUNCTION {function} FROM PUBLIC'] || ARRAY(
        SELECT format('GRANT EXECUTE ON FUNCTION {function} TO %%s%%s',
            CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
        FROM aclexplode(p.proacl) AS a
        WHERE a.grantee <> p.proowner
        ORDER BY 1
    ) END
FROM pg_proc AS p
WHERE p.pronamespace = to_regnamespace(%s) AND p.proname = %s
"""


def _overloads(connection: Connection[Any], schema: str, name: str) -> list[_Function]:
    return [_Function(*row) for row in connection.execute(_OVERLOADS, _where(schema, name)).fetchall()]


def _where(schema: str, name: str) -> tuple[str, str]:
    return sql.Identifier(schema).as_string(None), name
