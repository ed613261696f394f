"""A schedule stored on a caller's connection: one step (``steps.py``), by the published function."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from psycopg import errors as pg

from pooljobs.db.callers.caller_statement import CallerStatement, text
from pooljobs.db.callers.steps import Operation, Query
from pooljobs.db.refused import in_psycopgs_classes, translated
from pooljobs.db.statements import Statements
from pooljobs.db.wire.binary_format import Oid
from pooljobs.errors import RefusedError

_TYPES: Final = {
    **dict.fromkeys(("name", "job_type", "payload", "cron", "tz", "queue", "catch_up", "overlap"), Oid.TEXT),
    **dict.fromkeys(("every", "jitter"), Oid.FLOAT8),
    **dict.fromkeys(("priority", "max_retries"), Oid.INT4),
}


def store_schedule(schema: str, row: Mapping[str, Any]) -> Operation[bool]:
    """Stores one, or replaces the stored one of its name; whether it is new.

    ``row`` has the parameters of ``put_schedule.sql``.

    Raises:
        RefusedError: The name is that of a declared one.
    """
    try:
        with translated(schema):
            stored = yield Query(_statement(schema), [text(row[name]) for name in _TYPES])
    except Exception as error:
        if isinstance(in_psycopgs_classes(error), pg.UniqueViolation):  # of our function: nothing else is unique there
            hint = "take another name, or edit the times of that one"
            raise RefusedError(f"the schedule {row['name']!r} is declared in code", hint=hint) from error
        raise
    assert stored is not None
    return bool(stored[0])


@lru_cache(maxsize=16)
def _statement(schema: str) -> CallerStatement:
    return CallerStatement(Statements(schema).load("put_schedule"), _TYPES)
