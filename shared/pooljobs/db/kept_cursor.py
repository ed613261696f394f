"""One cursor for many statements: psycopg copies its adapters for each that it makes, which takes ten microseconds, and
fifty in a process that has just woken up.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, Cursor


class KeptCursor:
    """A binary cursor, made anew when its connection was replaced. One thread at a time."""

    def __init__(self) -> None:
        self._cursor: Cursor[Any] | None = None

    def of(self, connection: Connection[Any]) -> Cursor[Any]:
        """The cursor of this connection; what it fetched last is gone with its next statement."""
        if self._cursor is None or self._cursor.connection is not connection:
            self._cursor = connection.cursor(binary=True)
        return self._cursor

    def drop(self) -> None:
        """Lets go of it, and of the memory of what it fetched last."""
        self._cursor = None
