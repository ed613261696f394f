"""A cursor whose errors name the statement: PostgreSQL tells what was wrong, and not what it was asked."""

from __future__ import annotations

from typing import Any, Self

import psycopg
from psycopg.abc import Params

from pooljobs.db.statements import name_of


class NamingCursor(psycopg.Cursor[Any]):
    """Of the sessions of children. The name is a note of the error: see ``pooljobs.db.error_classes.in_words``."""

    def execute(self, query: Any, params: Params | None = None, **options: bool | None) -> Self:
        """As psycopg's."""
        try:
            return super().execute(query, params, **options)
        except psycopg.Error as error:
            if isinstance(query, bytes):
                error.add_note(f"in {name_of(query)}")
            raise
