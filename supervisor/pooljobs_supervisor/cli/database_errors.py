"""What an error of the database means to whoever ran a command. Apart, since it needs the driver."""

from __future__ import annotations

from typing import Final

import psycopg

from pooljobs.db.error_kinds import ErrorKind, kind_of, passes
from pooljobs.db.faults import one_line, read_only_server, refused, too_large
from pooljobs.errors import DatabaseUnreachableError, OptionError, PoolJobsError

_MISTAKES: Final = ("0A", "20", "21", "22", "26", "34", "42")
"""Classes of errors that a statement, or its values, cause by themselves."""


def of_database(error: Exception) -> PoolJobsError | None:
    """The error as one of ours; None if it is none of the database's, or a mistake of ours."""
    if too_large(error):
        return OptionError(f"the database cannot do that at once: {one_line(error)}", hint="ask for less, see --limit")
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return read_only_server(one_line(error))
    if passes(error):
        hint = "the server went away during the command; nothing of an unfinished statement was kept"
        return DatabaseUnreachableError(f"lost the database: {one_line(error)}", hint=hint)
    if isinstance(error, psycopg.Error) and _servers(error):
        return refused(error)
    return None


def _servers(error: psycopg.Error) -> bool:
    """Whether the server refused what was no mistake of ours."""
    if kind_of(error) is not ErrorKind.REFUSED:
        return False
    return isinstance(error, psycopg.errors.InsufficientPrivilege) or (error.sqlstate or "")[:2] not in _MISTAKES
