"""Deletes rows of ``uniques`` that hold nothing any more. A chore of the database's.

A part of the table at a look, paced by what that costs: nobody but the disk waits for it.
"""

from __future__ import annotations

import time
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import Statements

MOST: Final = 5000
"""Rows of one look."""

SHARE: Final = 0.01
"""Of the time, what looks may take."""

LEAST_PAUSE, ROUND_PAUSE = 1.0, 60.0
"""Seconds between two looks at parts of the table, and from the end of one walk to the next."""


class UniqueKeys:
    """One fleet's looks, and how far its walk has come."""

    def __init__(self, statements: Statements, *, most: int = MOST) -> None:
        self._sweep = statements.load("sweep_uniques")
        self._most = most
        self._after: bytes | None = None

    def look(self, connection: Connection[Any]) -> float:
        """The next part of the walk; the seconds until the one after it."""
        began = time.monotonic()
        asked = {"after": self._after or b"", "most": self._most}
        row = connection.execute(self._sweep, asked, prepare=True).fetchone()
        assert row is not None
        self._after = row[0]
        pause = ROUND_PAUSE if self._after is None else LEAST_PAUSE
        return max(pause, (time.monotonic() - began) / SHARE)
