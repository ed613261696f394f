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
    """Around the statements that store or cancel jobs, and nothing else."""

    def __init__(self, schema: str, *, unless: Callable[[], bool] = lambda: False) -> None:
        """``unless``: whether code of somebody else's was running, whose errors are its own."""
        self._schema = schema
        self._unless = unless

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if not isinstance(error, psycopg.Error) or self._unless():
            return
        if isinstance(error, _OURS) or refuses_payload(error):
            raise as_ours(error, self._schema)
