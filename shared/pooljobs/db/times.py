"""Reads times that PostgreSQL holds and Python cannot: the infinities, years beyond 9999, and those before 1.

They arrive as text, as PostgreSQL shows them, and all others as datetimes. Only what prints a time reads one at all:
statements compare and subtract times in the server, and what they return of them is seconds or text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection, DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class AnyTimeLoader(TimestamptzLoader):
    """Of one connection, whose DateStyle has to be ISO."""

    def load(self, data: Buffer) -> datetime | str:  # type: ignore[override]
        """A datetime, or the text of a time for which Python has none."""
        try:
            return super().load(data)
        except DataError:
            return bytes(data).decode()


def register_times(connection: Connection[Any]) -> None:
    """Has one connection load its times so."""
    connection.adapters.register_loader("timestamptz", AnyTimeLoader)
