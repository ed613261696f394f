"""The whole schema as text, as PostgreSQL tells it: what docs/schema.sql holds. ``make docs`` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection

REFERENCE: Final = 18
"""The major version whose words these are: each tells views and functions a little differently."""

_TABLES: Final = """
SELECT c.oid, format('pooljobs.%I', c.relname), c.relkind, pg_get_partkeydef(c.oid), array_to_string(c.reloptions, ', ')
FROM pg_class AS c
WHERE c.relnamespace = 'pooljobs'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY c.relname
"""
_COLUMNS: Final = """
SELECT format('    %s %s%s%s', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
    CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
        ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END)
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = :table AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_CONSTRAINTS: Final = """
SELECT format('    CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = :table AND contype <> 'n' ORDER BY contype DESC, conname
"""
_AFTER: Final = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index AS i
WHERE i.indrelid = :table AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
UNION ALL
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = :table AND NOT tgisinternal
UNION ALL
SELECT format('GRANT %s ON %s TO PUBLIC', a.privilege_type, :table::regclass)
FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.oid = :table AND a.grantee = 0
UNION ALL
SELECT format('ALTER TABLE %s REPLICA IDENTITY FULL', oid::regclass)
FROM pg_class WHERE oid = :table AND relreplident = 'f'
ORDER BY 1
"""
_SEQUENCES: Final = """
SELECT format('CREATE SEQUENCE pooljobs.%I AS %s MINVALUE %s START %s', sequencename, data_type, min_value, start_value)
FROM pg_sequences WHERE schemaname = 'pooljobs' AND sequencename NOT LIKE '%\\_id\\_seq' ORDER BY 1
"""
_FUNCTIONS: Final = """
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'pooljobs'::regnamespace ORDER BY proname
"""
_VIEWS: Final = """
SELECT format(E'CREATE VIEW pooljobs.%I AS\\n%s', viewname, rtrim(definition, ';'))
FROM pg_views WHERE schemaname = 'pooljobs' ORDER BY 1
"""


def tables(connection: Connection[Any]) -> str:
    """Tables, with what belongs to them, and sequences: the same words on every version."""
    return "\n\n".join(f"{each};" for each in _tables(connection)) + "\n"


def everything(connection: Connection[Any]) -> str:
    """The same, and functions and views."""
    others = [row[0].strip() for query in (_FUNCTIONS, _VIEWS) for row in connection.execute(query.encode()).fetchall()]
    return "\n".join([tables(connection), *(f"{each};\n" for each in others)])


def _tables(connection: Connection[Any]) -> Iterator[str]:
    yield from (row[0] for row in connection.execute(_SEQUENCES.encode()).fetchall())
    for oid, name, _, partitioned, options in connection.execute(_TABLES.encode()).fetchall():
        inside = [
            row[0] for query in (_COLUMNS, _CONSTRAINTS) for row in connection.execute(_of(query, oid)).fetchall()
        ]
        end = f" PARTITION BY {partitioned}" if partitioned else ""
        end += f" WITH ({options})" if options else ""
        yield f"CREATE TABLE {name} (\n" + ",\n".join(inside) + f"\n){end}"
        yield from (row[0] for row in connection.execute(_of(_AFTER, oid)).fetchall())


def _of(query: str, oid: int) -> bytes:
    return query.replace(":table", str(oid)).encode()
