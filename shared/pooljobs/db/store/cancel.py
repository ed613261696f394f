"""Cancels jobs by the SQL function that other languages use too, on a connection of ours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import tuple_row

from pooljobs.db.refused import translated
from pooljobs.db.statements import Statements
from pooljobs.job.cancellation import Cancellation
from pooljobs.job.error_text import clean


def cancel_with(connection: Connection[Any], schema: str, job_id: UUID, reason: str | None) -> Cancellation:
    """Cancels the job, or asks for it, in the connection's transaction.

    Raises:
        NotMigratedError: The schema is not in this database, or is older than this pooljobs.
        DatabaseRefusedError: The user may not cancel.
        psycopg.Error: Whatever else befalls the connection or its transaction.
    """
    cursor = connection.cursor(row_factory=tuple_row)
    with translated(schema):
        row = cursor.execute(Statements(schema).load("cancel_one").decode(), _parameters(job_id, reason)).fetchone()
    return _read(row)


def _parameters(job_id: UUID, reason: str | None) -> dict[str, object]:
    return {"job_id": job_id, "reason": None if reason is None else clean(reason)}


def _read(row: tuple[str | None] | None) -> Cancellation:
    """The function's word; null stands for a job that is not there."""
    assert row is not None
    return Cancellation.UNKNOWN if row[0] is None else Cancellation(row[0])
