"""Rows that no code of ours makes, and that the tables take: one for each extreme of a column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import Connection, sql

_LONG: Final = "x" * 10_000

_NUMBERS: Final = {"smallint": 15, "integer": 31, "bigint": 63}

EXTREMES: Final[dict[str, tuple[Any, ...]]] = {
    **{name: (-(2**bits), -1, 0, 2**bits - 1) for name, bits in _NUMBERS.items()},
    "timestamp with time zone": (
        "infinity",
        "-infinity",
        "294276-12-31 23:59:59.999999+00",
        "4714-11-24 00:00:00+00 BC",
        "10000-01-01 00:00:00+00",
        "0001-01-01 00:00:00+00",
    ),
    "interval": ("infinity", "-infinity", "178000000 years", "-178000000 years", "0"),
    "double precision": ("NaN", "Infinity", "-Infinity", "1e308", "-1e308"),
    "boolean": (True, False),
    "uuid": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "text": ("", "\x01", "\x1b[2J\u202e\u2028\n", "%s {x} $1 '\"", "\U0010ffff", _LONG, "failed", "none"),
    "bytea": (b"", b"\0", b"\xff" * 1000),
    "ARRAY": ([], [None], [""], [_LONG]),
    "jsonb": ("null", "[]", '"text"', "1e400", "-1e-400", "1" * 30, '{"": {"a": [null, {}]}}', '{"n": [1e300, -0.0]}'),
    "json": ("null", " [ ]\n", '"\\ud800"', '{"a": 1, "a": 2}', "1e400", "[" * 300 + "]" * 300),
}
"""By type. NUL cannot be stored."""

BEFORE: Final[dict[str, dict[str, Any]]] = {
    "live": {"job_type": "odd"},
    "history": {
        "id": "00000000-0000-7000-8000-000000000000",
        "run_at": "2026-01-01",
        "created_at": "2026-01-01",
        "finished_at": "now",
        "fence": 1,
        "max_retries": 3,
        "attempts": 1,
        "crashes": 0,
        "losses": 0,
        "priority": 0,
        "status": "failed",
        "queue": "default",
        "job_type": "odd",
        "payload": "{}",
    },
    "fleets": {"id": 77, "host": "h", "pid": 1, "version": "0", "seen_until": "infinity"},
    "workers": {
        "fleet": 77,
        "code": 0,
        "host": "h",
        "pid": 1,
        "ordinal": 1,
        "queues": ["default"],
        "job_timeout": "1 s",
        "leased_until": "-infinity",
    },
    "declarations": {
        "fleet": 77,
        "code": 0,
        "job_type": "odd",
        "queue": "default",
        "max_retries": 3,
        "retry_policy": "none",
        "retry_delay_secs": 1.0,
    },
    "job_types": {
        "job_type": "odd",
        "queue": "default",
        "max_retries": 3,
        "retry_policy": "none",
        "retry_delay_secs": 1.0,
    },
    "cancellations": {"job_id": "00000000-0000-7000-8000-000000000000"},
    "idle_hosts": {"queue": "default", "fleet": 77, "idle_until": "-infinity"},
    "leaders": {"name": "retention", "fleet": 77, "until": "-infinity"},
}
"""The tables that somebody beside the migrating role may write, and a row of each that is as it should be."""

BESIDE: Final[dict[str, dict[str, Any]]] = {
    "worker_id": {"token": 1},
    "token": {"worker_id": 1},
}
"""What a row of ``live`` or ``history`` has beside an odd column."""


def columns(connection: Connection[Any], table: str) -> list[tuple[str, str]]:
    """A table's columns that can be given, with their types."""
    return connection.execute(
        "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_schema = 'pooljobs'"
        " AND table_name = %s AND identity_generation IS NULL ORDER BY ordinal_position",
        (table,),
    ).fetchall()


def plant(
    connection: Connection[Any], table: str, column: str, kind: str, copies: int = 1, **changed: Any
) -> Iterator[Any]:
    """Inserts a row for each extreme of a column, ``copies`` times; those extremes that the table took.

    ``changed``: what else is to be other than in ``BEFORE``.
    """
    for value in EXTREMES[kind]:
        extra = BESIDE.get(column, {}) if table == "live" or column == "payload" else {}
        row = BEFORE[table] | changed | ({"id": uuid4()} if table == "history" else {}) | extra | {column: value}
        query = sql.SQL("INSERT INTO pooljobs.{} ({}) SELECT {} FROM generate_series(1, {})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
            sql.Literal(copies),
        )
        try:
            connection.execute(query, row)
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.ProgramLimitExceeded):
            continue  # it is refused
        yield value
