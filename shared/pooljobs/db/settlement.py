"""Carries out settlements: one statement a batch. Called by the worker for what ran and by the steward for the dead."""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.arrays import Float8Array, Int2Array, Int8Array, PlaceArray, UuidArray
from pooljobs.db.binary import split
from pooljobs.db.statements import Statements
from pooljobs.job.verdict import Settlement

_NONE = -1.0
"""Stands for null in the arrays of seconds, which are sent without nulls."""

_by_id = attrgetter("job_id")


def settle(connection: Connection[Any], statements: Statements, batch: Sequence[Settlement]) -> set[bytes]:
    """Settles the batch and returns the ids that were refused: their claims had been lost to somebody else.

    A missing history partition is made on the spot, so that it never costs a settlement.

    Raises:
        psycopg.OperationalError: The database is away, or a deadlock was broken; nothing is settled, try again.
    """
    if not batch:
        return set()
    ordered = sorted(batch, key=_by_id)
    refused = _try(connection, statements, ordered, by_place=True)
    if refused and any(item.place is not None for item in ordered):  # the table may have been written anew
        moved = [item for item in ordered if item.job_id in refused]
        refused = _try(connection, statements, moved, by_place=False)
    return refused


def _try(
    connection: Connection[Any], statements: Statements, ordered: Sequence[Settlement], *, by_place: bool
) -> set[bytes]:
    """The refused ids."""
    parameters = _parameters(ordered, by_place=by_place)
    try:
        packed = _execute(connection, statements, parameters)
    except pg.CheckViolation as error:
        if error.diag.constraint_name:  # a constraint of ours; "no partition found for row" names none
            raise
        connection.execute(statements.load("ensure_partitions"))
        packed = _execute(connection, statements, parameters)
    if len(packed) == 16 * len(ordered):
        return set()
    return {item.job_id for item in ordered}.difference(split(packed, 16))


def _execute(connection: Connection[Any], statements: Statements, parameters: dict[str, object]) -> bytes:
    cursor = connection.cursor(binary=True)
    row = cursor.execute(statements.settle, parameters, prepare=True).fetchone()
    return bytes(row[0]) if row and row[0] is not None else b""


def _parameters(batch: Sequence[Settlement], *, by_place: bool) -> dict[str, object]:
    now = time.monotonic_ns()
    errors = [item.error for item in batch]
    places = [item.place for item in batch] if by_place else []
    return {
        "ids": UuidArray([item.job_id for item in batch]),
        "places": PlaceArray(places) if any(places) else None,
        "fences": Int8Array([item.fence for item in batch]),
        "tokens": Int8Array([item.token for item in batch]),
        "verdicts": Int2Array([item.verdict for item in batch]),
        "errors": errors if any(errors) else None,  # unnest() fills up the shorter arrays with nulls
        "delays": Float8Array([_NONE if item.delay is None else item.delay for item in batch]),
        "started_ago": Float8Array([(now - item.started_ns) / 1e9 if item.started_ns else _NONE for item in batch]),
    }
