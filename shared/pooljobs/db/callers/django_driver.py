"""Django's own connections to PostgreSQL. Psycopg 3 is underneath, which Django prefers where it is installed.

Statements go through Django's cursors: its transaction, broken or not, what it counts and logs, and its errors are as
with any other statement of the project's.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

from pooljobs.db.callers.steps import CopyIn, Query, Row, SyncDriver
from pooljobs.errors import OptionError


class DjangoDriver(SyncDriver):
    """``django.db.connection``, or one of ``connections``."""

    def __init__(self, given: Any) -> None:
        if given.vendor != "postgresql":
            raise OptionError(
                f"jobs are stored in PostgreSQL, and Django's connection {given.alias!r} leads to {given.vendor}",
                hint="pass another of django.db.connections",
            )
        self._given = given
        given.ensure_connection()
        self.copies = given.connection.info.encoding == "utf-8"  # as our texts are

    def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``SyncDriver.execute``."""
        with self._given.cursor() as cursor:
            if isinstance(step, CopyIn):
                with self._given.wrap_database_errors, cursor.copy(step.query) as copy:
                    for piece in step.pieces:
                        copy.write(piece)
                return None
            cursor.execute(step.statement.percents, step.statement.named(step.values) or None)
            row: Row | None = cursor.fetchone()
            return row

    def transaction(self) -> AbstractContextManager[Any]:
        """A savepoint in an atomic block, or a transaction."""
        around: AbstractContextManager[Any] = import_module("django.db.transaction").atomic(using=self._given.alias)
        return around
