"""A schema full of what matches better than PostgreSQL's own: functions, operators, types and views of the names that
our statements use, which write down who called them and do what the right ones do.

It stands before pg_catalog in the database's search_path, so that even an exact match loses against it; and it is
``public``, and the schema of the user's name, where less than that is needed to be called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

SCHEMA: Final = "hostile"

_WORD: Final = re.compile(r"[a-z_][a-z0-9_]*")

# Each line is a command. A function does by position what the right one does.
_FUNCTIONS: Final = """
SELECT format(
    'CREATE FUNCTION hostile.%%I(%%s) RETURNS %%s LANGUAGE plpgsql AS $f$ BEGIN PERFORM hostile.seen(%%L);'
    ' %%s; END $f$',
    p.proname, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
    'function ' || p.proname,
    CASE WHEN p.prorettype = 'void'::regtype THEN format('PERFORM pg_catalog.%%I(%%s)', p.proname, a.given)
        WHEN p.proretset THEN format('RETURN QUERY SELECT * FROM pg_catalog.%%I(%%s)', p.proname, a.given)
        ELSE format('RETURN pg_catalog.%%I(%%s)', p.proname, a.given) END)
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL (
    SELECT string_agg('$' || n, ', ' ORDER BY n) AS given FROM generate_series(1, p.pronargs) AS n
) AS a
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%(words)s)
  AND p.prokind = 'f' AND p.provariadic = 0 AND p.proallargtypes IS NULL
  AND p.prorettype::regtype::text <> ALL (%(pseudo)s::text[])
  AND NOT p.proargtypes::regtype[]::text[] && %(pseudo)s::text[]
"""
# An argument of a type that is nearer to what is written: to_char(date, …), hashtextextended(text, integer).
_NEARER: Final = """
SELECT format(
    'CREATE FUNCTION hostile.%%I(%%s) RETURNS %%s LANGUAGE plpgsql AS $f$ BEGIN PERFORM hostile.seen(%%L);'
    ' RETURN pg_catalog.%%I(%%s); END $f$',
    p.proname, string_agg(coalesce(nearer.to, t.type), ', ' ORDER BY t.n), pg_catalog.pg_get_function_result(p.oid),
    'nearer ' || p.proname, p.proname, string_agg(format('$%%s::%%s', t.n, t.type), ', ' ORDER BY t.n))
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL unnest(p.proargtypes::regtype[]::text[]) WITH ORDINALITY AS t (type, n)
LEFT JOIN (VALUES ('bigint', 'integer'), ('double precision', 'numeric'), ('timestamp without time zone', 'date'),
    ('timestamp with time zone', 'date'), ('text', 'character varying')) AS nearer (type, "to") ON nearer.type = t.type
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (%(words)s)
  AND p.prokind = 'f' AND p.provariadic = 0 AND p.proallargtypes IS NULL AND NOT p.proretset
  AND p.prorettype::regtype::text <> ALL (%(pseudo)s::text[] || '{void}')
  AND NOT p.proargtypes::regtype[]::text[] && (%(pseudo)s::text[] || '{anyelement,anyarray,record}')
GROUP BY p.oid, p.proname
HAVING bool_or(nearer.to IS NOT NULL)
"""
_OPERATORS: Final = """
SELECT format(
    'CREATE FUNCTION hostile.of_operator_%%s(%%s, %%s) RETURNS %%s LANGUAGE plpgsql AS $f$ BEGIN'
    ' PERFORM hostile.seen(%%L); RETURN $1 OPERATOR(pg_catalog.%%s) $2; END $f$;'
    ' CREATE OPERATOR hostile.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = hostile.of_operator_%%s)',
    o.oid, o.oprleft::regtype, o.oprright::regtype, o.oprresult::regtype, 'operator ' || o.oid::regoperator, o.oprname,
    o.oprname, o.oprleft::regtype, o.oprright::regtype, o.oid)
FROM pg_catalog.pg_operator AS o
WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b' AND o.oprcode <> 0
  AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '||', '&', '&&', '~', '->', '->>', '@>')
  AND o.oprleft::regtype::text = ANY (%(types)s) AND o.oprright::regtype::text = ANY (%(types)s)
"""
_TYPES: Final = (
    "text", "uuid", "jsonb", "timestamp with time zone", "interval", "date", "timestamp without time zone", "boolean",
    "smallint", "integer", "bigint", "double precision", "numeric", "oid", "name", "tid", "text[]", "bytea", '"char"',
    "anyarray", "anycompatiblearray", "anycompatible",
)  # fmt: skip
_PSEUDO: Final = ("internal", "trigger", '"any"', "cstring", "event_trigger")
_DOMAINS: Final = ("text", "uuid", "jsonb", "timestamptz", "float8", "int8", "int4", "int2", "tid")
_VIEWS: Final = (
    "pg_class", "pg_namespace", "pg_proc", "pg_index", "pg_inherits", "pg_stat_activity", "pg_database", "pg_roles",
)  # fmt: skip


def words(texts: Iterable[str]) -> list[str]:
    """All lower-case words in them: whatever is called is among them."""
    return sorted({word for text in texts for word in _WORD.findall(text)})


PACKAGES = ("pooljobs", "pooljobs_cli", "pooljobs_steward", "pooljobs_supervisor", "pooljobs_worker")


def our_texts() -> list[str]:
    """All .sql files that are installed, and the modules that hold statements of their own."""
    roots = [resources.files(name) for name in PACKAGES]
    return [text for root in roots for text in _texts(root)]


def _texts(folder: Any) -> Iterable[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry)
        elif entry.name.endswith((".sql", ".py")):
            yield entry.read_text("utf-8")


def make_hostile(connection: Connection[Any]) -> None:
    """Fills the database, on a superuser's connection that has PostgreSQL's own search_path; for sessions to come."""
    connection.execute("CREATE SCHEMA hostile; GRANT USAGE, CREATE ON SCHEMA hostile TO PUBLIC")
    connection.execute("CREATE TABLE hostile.calls (what text, who name)")
    connection.execute("GRANT ALL ON hostile.calls TO PUBLIC")
    connection.execute(
        "CREATE FUNCTION hostile.seen(what text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS"
        " $f$ BEGIN INSERT INTO hostile.calls VALUES (what, current_user); RETURN true; EXCEPTION WHEN"
        " read_only_sql_transaction THEN RETURN true; END $f$"
    )
    given = {"words": words(our_texts()), "types": list(_TYPES), "pseudo": list(_PSEUDO)}
    commands = [row[0] for query in (_FUNCTIONS, _NEARER, _OPERATORS) for row in connection.execute(query, given)]
    for command in commands:  # some cannot be written in plpgsql, or are there twice
        connection.execute(f"DO $d$ BEGIN {command}; EXCEPTION WHEN OTHERS THEN NULL; END $d$".encode())
    made = connection.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'hostile'::regnamespace").fetchone()
    assert made is not None
    assert made[0] > 600, made
    for name in _DOMAINS:
        connection.execute(
            f"CREATE DOMAIN hostile.{name} AS pg_catalog.{name} CHECK (hostile.seen('type {name}'))".encode()
        )
    for name in _VIEWS:
        connection.execute(
            f"CREATE VIEW hostile.{name} AS SELECT * FROM pg_catalog.{name} WHERE hostile.seen('view {name}')".encode()
        )
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER DATABASE {} SET search_path = hostile, pg_catalog").format(database))


def calls(connection: Connection[Any]) -> list[tuple[str, str]]:
    """What was called, and as whom."""
    return connection.execute("SELECT DISTINCT what, who FROM hostile.calls ORDER BY 1").fetchall()


@contextmanager
def watched(dsn: str) -> Iterator[Connection[Any]]:
    """A connection to such a database that calls nothing of it. Nothing may have been called when the block ends."""
    with psycopg.connect(make_conninfo(dsn, options="-c search_path=pg_catalog"), autocommit=True) as connection:
        connection.execute("TRUNCATE hostile.calls")
        yield connection
        assert calls(connection) == []
