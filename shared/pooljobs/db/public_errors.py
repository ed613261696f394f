"""What callers of this package see of psycopg's errors: one of ours, with a hint, and the other as its cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import BaseConnection
from psycopg import errors as pg

from pooljobs.db.error_classes import (
    MIGRATE,
    MISSING,
    in_words,
    not_migrated,
    one_line,
    read_only_server,
    refused,
    refuses_payload,
)
from pooljobs.db.error_kinds import ErrorKind, ended_session, kind_of, unanswered
from pooljobs.errors import (
    DatabaseUnreachableError,
    NotMigratedError,
    PayloadError,
    PoolJobsError,
)

_NEVER_RUN: Final = (pg.CannotConnectNow.sqlstate, pg.IdleSessionTimeout.sqlstate)
"""The connection is lost, and what was sent last was not even looked at."""

_ANSWERS_IN_DOUBT: Final = ("08", "40003")
"""Errors that a pooler gives which has lost its server, and of a transaction whose end is unknown."""

_QUOTE_ROWS: Final = ("22", "23")
"""Classes of errors whose details quote the row: its payload may be secret."""


def undecided(error: psycopg.Error, connection: BaseConnection[Any]) -> bool:
    """Whether nobody can tell what became of the statement: the connection was lost between it and its answer.

    One that the server has answered with an error, and goes on after that, has done nothing.
    """
    if error.sqlstate in _NEVER_RUN:
        return False
    in_doubt = (error.sqlstate or "").startswith(_ANSWERS_IN_DOUBT)
    return in_doubt or unanswered(error) or ended_session(error) or connection.closed


def lost_midway(error: psycopg.Error, ids: Sequence[UUID], *, cancelling: bool) -> DatabaseUnreachableError:
    """The error to show where ``undecided``: these jobs may have been stored, or the one cancelled."""
    first, text = ids[0], one_line(error)
    if cancelling:
        message = f"lost the database while job {first} was being cancelled, which may have been done: {text}"
        hint = "cancel it again: that does no harm if it was"
    elif len(ids) == 1:
        message = f"lost the database while a job was being stored, which may have been, with the id {first}: {text}"
        hint = f"look before you enqueue it again: pooljobs jobs show {first}"
    else:
        message = f"lost the database while {len(ids):,} jobs were being stored; all may have been, or none: {text}"
        hint = f"look for the first before you enqueue them again: pooljobs jobs show {first}"
    told = DatabaseUnreachableError(message, hint=hint, job_ids=ids)
    told.__cause__ = error
    return told


@contextmanager
def ours(schema: str) -> Iterator[None]:
    """Around what speaks to the database for somebody who is to see no error of psycopg's."""
    try:
        yield
    except psycopg.Error as error:
        told = as_ours(error, schema)
    else:
        return
    raise told


def as_ours(error: psycopg.Error, schema: str | None = None, *, harmless: bool = False) -> PoolJobsError:
    """The error to show for what a statement of ours met, on ``schema``, if that is known; its cause is the other.

    But not where that quotes the payload, in its detail and its context. ``harmless``: nothing was done for certain.
    """
    told = _as_ours(error, schema, harmless=harmless)
    quotes = isinstance(told, PayloadError) or (error.sqlstate or "").startswith(_QUOTE_ROWS)
    told.__cause__, told.__suppress_context__ = (None if quotes else error), True
    return told


def _as_ours(error: psycopg.Error, schema: str | None, *, harmless: bool) -> PoolJobsError:
    text = in_words(error)
    if isinstance(error, MISSING):
        return not_migrated(schema) if schema else NotMigratedError(f"the schema is not whole: {text}", hint=MIGRATE)
    if refuses_payload(error):
        return PayloadError(f"PostgreSQL refused the payload: {text}")
    if isinstance(error, pg.ReadOnlySqlTransaction):
        return read_only_server(text)
    if kind_of(error) is ErrorKind.AWAY:
        known = harmless or not (unanswered(error) or ended_session(error))
        hint = "nothing was done" if known else "what was sent last may have been done: look before you repeat it"
        return DatabaseUnreachableError(f"lost the database: {text}", hint=hint)
    return refused(error)
