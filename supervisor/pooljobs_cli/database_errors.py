"""What an error of the database means to whoever ran a command. Apart, since it needs the driver."""

from __future__ import annotations

from typing import Final

import psycopg

from pooljobs.db.error_classes import MISSING, one_line, too_large
from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.public_errors import as_ours
from pooljobs.errors import PoolJobsError, RefusedError

_MISTAKES: Final = ("0A", "20", "21", "22", "26", "34", "42")
"""Classes of errors that a statement, or its values, cause by themselves."""


def of_database(error: Exception) -> PoolJobsError | None:
    """The error as one of ours; None if it is none of the database's, or a mistake of ours."""
    if too_large(error):
        return RefusedError(f"the database cannot do that at once: {one_line(error)}", hint="ask for less, see --limit")
    return as_ours(error) if isinstance(error, psycopg.Error) and not _mistaken(error) else None


def _mistaken(error: psycopg.Error) -> bool:
    """Whether a statement of ours can only be wrong."""
    if isinstance(error, (*MISSING, psycopg.errors.InsufficientPrivilege)):
        return False
    return kind_of(error) is ErrorKind.MISUSE or (error.sqlstate or "")[:2] in _MISTAKES
