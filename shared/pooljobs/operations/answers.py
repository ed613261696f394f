"""How an operator's questions are asked, and answers read: plain dictionaries, a column a key.

A payload is JSON text, and so is a result: they hold numbers and depths that no reader of JSON takes, and such jobs are
just those that are looked at. A time that Python cannot hold is a text too (``times.py``).
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import TextLoader

from pooljobs.db.connect import pinned_transaction
from pooljobs.db.statements import Statements
from pooljobs.db.times import register_times

PLANNED: Final = (
    # Each answer is planned for itself, by the tables' sizes as they are: statistics may tell of any time.
    "plan_cache_mode = force_custom_plan",
    "enable_seqscan = off",
    "jit = off",  # what is forbidden counts as dear beyond measure, and would be compiled first: for seconds
    "timezone = 'UTC'",
    "datestyle = 'ISO'",
)

BOUNDED: Final = "lock_timeout = '10s'"
"""Of what an operator orders: he is told what it waits for, rather than left to wonder."""


class Answers:
    """Answers from one connection, which must be in autocommit mode: each answer is a transaction."""

    def __init__(self, connection: Connection[Any], schema: str = "pooljobs") -> None:
        self.connection = connection
        register_times(connection)
        self._statements = Statements(schema)

    def _rows(self, verb: str, parameters: dict[str, Any], *settings: str) -> list[DictRow]:
        pinned = pinned_transaction(self.connection, *PLANNED, *settings)
        with pinned, self.connection.cursor(row_factory=dict_row) as cursor:
            for kind in ("jsonb", "json"):
                cursor.adapters.register_loader(kind, TextLoader)
            return cursor.execute(self._statements.load(verb), parameters).fetchall()
