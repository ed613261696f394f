"""Pauses and resumes by the SQL functions that other languages use too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.rows import tuple_row

from pooljobs.db.refused import translated
from pooljobs.db.statements import Statements
from pooljobs.job.pause import PauseNote, PauseTarget


def pause_with(connection: Connection[Any], schema: str, target: PauseTarget, note: PauseNote) -> bool:
    """Pauses it in the connection's transaction; False if it was paused before, which then stays as it is.

    Raises:
        NotMigratedError: The schema is not in this database, or is older than this pooljobs.
        DatabaseRefusedError: The user may not pause.
        psycopg.Error: Whatever else befalls the connection or its transaction.
    """
    return _asked(connection, schema, "pause", _named(target) | note.parameters())


def resume_with(connection: Connection[Any], schema: str, target: PauseTarget) -> bool:
    """Resumes it; False if it was not paused. Raises as ``pause_with`` does."""
    return _asked(connection, schema, "resume", _named(target))


def _named(target: PauseTarget) -> dict[str, object]:
    return {"kind": target.kind, "name": target.name}


def _asked(connection: Connection[Any], schema: str, verb: str, parameters: Mapping[str, object]) -> bool:
    with translated(schema):
        cursor = connection.cursor(row_factory=tuple_row)
        row = cursor.execute(Statements(schema).load(verb).decode(), parameters).fetchone()
    assert row is not None
    return bool(row[0])
