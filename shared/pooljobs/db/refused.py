"""PostgreSQL's refusals of what is done on a caller's connection, as errors that say what to do.

Errors of the caller's connection and transaction are the caller's: they stay as the driver raises them.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import errors as pg

from pooljobs.db.error_classes import MISSING, refuses_payload
from pooljobs.db.public_errors import as_ours

_OURS = (*MISSING, pg.InsufficientPrivilege)
"""Beside refused payloads: what is wrong with our schema, or with the rights on it."""


class translated:  # noqa: N801  # reads as a statement: with translated(schema)
    """Around the statements that store or cancel jobs, and nothing else. Of drivers other than psycopg it goes by the
    error's SQLSTATE.

    ``unless``: whether code of somebody else's was running, whose errors are its own.
    """

    def __init__(self, schema: str, *, unless: Callable[[], bool] = lambda: False) -> None:
        self._schema = schema
        self._unless = unless

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if error is None or self._unless():
            return
        refusal = in_psycopgs_classes(error)
        if refusal is not None and (isinstance(refusal, _OURS) or refuses_payload(refusal)):
            told = as_ours(refusal, self._schema)
            if told.__cause__ is not None:
                told.__cause__ = error
            raise told


def _is_djangos(error: BaseException) -> bool:
    return type(error).__module__ == "django.db.utils"


def in_psycopgs_classes(error: BaseException) -> psycopg.Error | None:
    """A driver's error as psycopg would have raised it; None for what is none. SQLAlchemy has its driver's error in
    ``orig``, Django in the cause.
    """
    if isinstance(error, psycopg.Error):
        return error
    cause = getattr(error, "orig", None) or (error.__cause__ if _is_djangos(error) else error)
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if not isinstance(sqlstate, str):
        return None
    try:
        return pg.lookup(sqlstate)(str(cause))
    except KeyError:  # one that psycopg does not know
        return None
