"""Connections of psycopg2."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pooljobs.db.callers.steps import CopyIn, Query, Row, SyncDriver


class Psycopg2Driver(SyncDriver):
    """A ``connection``."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``SyncDriver.execute``."""
        assert isinstance(step, Query)
        plain = import_module("psycopg2.extensions").cursor  # not the caller's, whose rows may be anything
        with self._connection.cursor(cursor_factory=plain) as cursor:
            cursor.execute(step.statement.percents, step.statement.named(step.values) or None)
            row: Row | None = cursor.fetchone()
            return row
