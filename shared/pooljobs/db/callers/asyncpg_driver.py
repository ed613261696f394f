"""Connections of asyncpg, and those that a pool of its lends."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pooljobs.db.callers.steps import AsyncDriver, CopyIn, Query, Row


class AsyncpgDriver(AsyncDriver):
    """A ``Connection`` or ``PoolConnectionProxy``."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, step: Query | CopyIn) -> Row | None:
        """As ``AsyncDriver.execute``."""
        assert isinstance(step, Query)
        plain = import_module("asyncpg").Record  # not the caller's class of rows
        row: Row | None = await self._connection.fetchrow(step.statement.dollars, *step.values, record_class=plain)
        return row
