"""Keeps the declared schedules as living workers declare them. Every steward does, and all come to the same."""

from __future__ import annotations

import time
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import Statements

AGREED_EVERY: Final = 10.0
"""Seconds between looks, unless something was published; at least."""

_COST_FACTOR: Final = 100.0
"""A look comes this many times its cost after the last one."""

_FORGET_EVERY: Final = 3600.0


class DeclaredSchedules:
    """One steward's."""

    def __init__(self, statements: Statements) -> None:
        self._agree = statements.load("agree_on_schedules")
        self._forget = statements.load("forget_declared_schedules")
        self._forget_at = time.monotonic() + _FORGET_EVERY

    def look(self, connection: Connection[Any]) -> float:
        """Puts in force, and retires, what living workers declare or no longer do; the seconds until the next look."""
        began = time.monotonic()
        connection.execute(self._agree)
        if began >= self._forget_at:
            connection.execute(self._forget)
            self._forget_at = began + _FORGET_EVERY
        return max(AGREED_EVERY, _COST_FACTOR * (time.monotonic() - began))
