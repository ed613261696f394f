"""What database errors mean, and how they are told. Which of them are an outage: ``error_kinds.py``."""

from __future__ import annotations

import shlex
from typing import Final

import psycopg
from psycopg import errors as pg

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.errors import DatabaseReadOnlyError, DatabaseRefusedError, DatabaseUnreachableError, NotMigratedError

_LIMITS: Final = "54"
"""The class of errors of limits that are built in."""

_BLOCK_TOO_LARGE: Final = "invalid memory alloc request size"
"""How an internal error begins that is one of these too. The server translates no internal errors."""

_SHORT_OF_IT: Final = (pg.OutOfMemory.sqlstate, pg.ConfigurationLimitExceeded.sqlstate)
"""Too little memory, or more temporary files than a session may have. Of class 53 no other error is about size."""

MIGRATE: Final = "run: pooljobs migrate"
"""How the hint of every ``NotMigratedError`` begins that a migration mends."""

MISSING = (pg.UndefinedTable, pg.InvalidSchemaName, pg.UndefinedFunction)
"""Errors of a database without our schema, or with an older one."""


def too_large(error: BaseException) -> bool:
    """Whether a statement may have failed for how much it was to do, or to answer, at once: less of it may pass.

    Among them are errors of a server that has no memory for anybody: then less does not pass either.
    """
    if not isinstance(error, psycopg.Error):
        return False
    return _never_passes(error) or error.sqlstate in _SHORT_OF_IT


def refuses_payload(error: BaseException) -> bool:
    """Whether PostgreSQL takes no such payload: it cannot hold it, or it is beyond one of its limits."""
    if isinstance(error, (pg.UntranslatableCharacter, pg.InvalidTextRepresentation)):
        return True
    return isinstance(error, psycopg.Error) and _never_passes(error)


def _never_passes(error: psycopg.Error) -> bool:
    """Beyond a limit that depends on nobody else: a gigabyte of text, 256 MB of jsonb, the stack's depth."""
    if error.sqlstate is None:
        return False
    return error.sqlstate.startswith(_LIMITS) or (
        error.sqlstate == pg.InternalError_.sqlstate and str(error).startswith(_BLOCK_TOO_LARGE)
    )


def one_line(error: BaseException) -> str:
    """The first line of an error's text, for a log line; its class where the text is empty."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def in_words(error: BaseException) -> str:
    """As ``one_line``, with the name of the statement where that is known."""
    return " ".join((one_line(error), *(f"({note})" for note in getattr(error, "__notes__", ()))))


def unreachable(error: psycopg.Error, where: str) -> DatabaseUnreachableError:
    """The error to show when a first connection fails, with what to look at next."""
    text = one_line(error)
    return DatabaseUnreachableError(f"cannot connect to {where}: {text}", hint=_hint(str(error)))


def read_only_server(why: str) -> DatabaseReadOnlyError:
    """The error to raise where nothing can be written."""
    hint = "is it a standby, in maintenance, or out of disk? Name a server in the DSN that takes writes, or wait"
    return DatabaseReadOnlyError(f"the server is read-only: {why}", hint=hint)


def refused(error: psycopg.Error) -> DatabaseRefusedError:
    """The error to raise where the server is there, and refuses a statement of ours."""
    return DatabaseRefusedError(f"the database refused: {in_words(error)}", hint=_why_refused(error))


def not_migrated(schema: str) -> NotMigratedError:
    """The error to raise for those."""
    message = f"schema {schema!r} is not in this database, or is older than this pooljobs"
    return NotMigratedError(message, hint=migrate_hint(schema))


def migrate_hint(schema: str) -> str:
    """What to run for a schema that is missing or old."""
    return MIGRATE if schema == "pooljobs" else f"{MIGRATE} --schema {shlex.quote(schema)}"


def _why_refused(error: psycopg.Error) -> str:
    if isinstance(error, pg.InsufficientPrivilege):
        return "name another user in the DSN, or grant this one what it needs: pooljobs grant ROLE --as …  prints it"
    if isinstance(error, pg.QueryCanceled):
        return "see statement_timeout of the role and the database; or was it cancelled by somebody?"
    if isinstance(error, pg.LockNotAvailable):
        return "somebody locks the table, or his open transaction has taken the key of the unique job: see pg_locks"
    if kind_of(error) is ErrorKind.AGAIN:
        return "nothing was done, and nothing is wrong: do it again. Those who take many keys take them in one order"
    return "the server's log has the whole of it; if the schema was changed by hand, pooljobs migrate puts it right"


def _hint(text: str) -> str:
    lowered = text.lower()
    if "too many open files" in lowered:
        return "allow this process more open files: ulimit -n, LimitNOFILE= in a systemd unit"
    if "local user with id" in lowered:
        return "the user that runs this has no name: name one of the database's in the DSN, or in PGUSER"
    if "password" in lowered or "authentication" in lowered or "role" in lowered:
        return "check the user and password in the DSN (PGPASSWORD and ~/.pgpass are read too)"
    if "database" in lowered and "does not exist" in lowered:
        return "create it first (createdb), or name another database in the DSN"
    if "too many" in lowered or "remaining connection slots" in lowered:
        return "the server has no connection left: raise max_connections or lower --procs"
    return "is the server running, and are host and port in the DSN right? (--dsn, POOLJOBS_DSN or DATABASE_URL)"
