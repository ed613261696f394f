"""Which database errors mean what: the one place that classifies them."""

from __future__ import annotations

import psycopg
from psycopg import errors as pg
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from pooljobs.errors import DatabaseUnreachableError, NotMigratedError

OUTAGE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    pg.ReadOnlySqlTransaction,  # a standby, or a server being failed over
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)
"""Errors that pass by themselves: wait, reconnect, try again. Deadlocks and serialization failures are among them."""

MISSING = (pg.UndefinedTable, pg.InvalidSchemaName, pg.UndefinedFunction)
"""Errors of a database without our schema, or with an older one."""


def one_line(error: BaseException) -> str:
    """The first line of an error's text, for a log line; its class where the text is empty."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def unreachable(error: psycopg.Error, where: str) -> DatabaseUnreachableError:
    """The error to show when a first connection fails, with what to look at next."""
    text = one_line(error)
    return DatabaseUnreachableError(f"cannot connect to {where}: {text}", hint=_hint(str(error)))


def not_migrated(schema: str) -> NotMigratedError:
    """The error to raise for those."""
    message = f"schema {schema!r} is not in this database, or is older than this pooljobs"
    return NotMigratedError(message, hint="run: pooljobs migrate")


def _hint(text: str) -> str:
    lowered = text.lower()
    if "password" in lowered or "authentication" in lowered or "role" in lowered:
        return "check the user and password in the DSN (PGPASSWORD and ~/.pgpass are read too)"
    if "database" in lowered and "does not exist" in lowered:
        return "create it first (createdb), or name another database in the DSN"
    if "too many" in lowered or "remaining connection slots" in lowered:
        return "the server has no connection left: raise max_connections or lower --procs"
    return "is the server running, and are host and port in the DSN right? (--dsn, POOLJOBS_DSN or DATABASE_URL)"
