"""Stores schedules and removes them, by the published functions, in the connection's transaction if one is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection
from psycopg import errors as pg
from psycopg.rows import tuple_row

from pooljobs.db.refused import translated
from pooljobs.db.statements import Statements
from pooljobs.errors import RefusedError
from pooljobs.job.options import EnqueueOptions, seconds
from pooljobs.job.schedule_rule import Schedule


def schedule_row(name: str, job_type: str, payload: bytes, options: EnqueueOptions, rule: Schedule) -> dict[str, Any]:
    """The parameters of ``put_schedule.sql``."""
    return {
        "name": name,
        "job_type": job_type,
        "payload": payload.decode(),
        "cron": rule.cron,
        "every": None if rule.every is None else seconds("every", rule.every),
        "tz": rule.tz,
        "queue": options.queue,
        "priority": options.priority,
        "max_retries": options.max_retries,
        "jitter": seconds("jitter", rule.jitter),
        "catch_up": rule.catch_up,
        "overlap": rule.overlap,
    }


def put_schedule(connection: Connection[Any], schema: str, row: dict[str, Any]) -> bool:
    """Stores one or replaces the stored one of its name; whether it is new.

    Raises:
        RefusedError: The name is that of a declared one.
        NotMigratedError, DatabaseRefusedError, PayloadError, psycopg.Error: As for an enqueue.
    """
    return bool(call_schedule(connection, schema, "put_schedule", row))


def drop_schedule(connection: Connection[Any], schema: str, name: str) -> bool:
    """Removes one; whether it was there.

    Raises:
        RefusedError: The code declares it.
        NotMigratedError, DatabaseRefusedError, psycopg.Error: As for an enqueue.
    """
    return bool(call_schedule(connection, schema, "drop_schedule", {"name": name}))


def call_schedule(connection: Connection[Any], schema: str, verb: str, parameters: dict[str, Any]) -> Any:
    """The one value that a statement of schedules returns. Raises as ``put_schedule``."""
    cursor = connection.cursor(row_factory=tuple_row)  # the caller's connection may have another one
    with _refusing(), translated(schema):
        row = cursor.execute(Statements(schema).load(verb).decode(), parameters).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (pg.UniqueViolation, pg.ObjectInUse) as error:
        if error.diag.message_hint is None:  # another one than that of our functions
            raise
        raise RefusedError(error.diag.message_primary or "refused", hint=error.diag.message_hint) from error
