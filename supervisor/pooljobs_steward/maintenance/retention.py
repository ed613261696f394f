"""Drops the days of history that are older than they are to be kept. A chore of the steward.

A partition is detached first, which does not wait for those who read other days, and dropped once it stands alone.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.statements import Statements
from pooljobs_steward.leaders import Leaders

NAME: Final = "retention"
"""Of the chore."""

LOCK_TIMEOUT: Final = "1s"
"""The most to wait for somebody who uses a partition. The steward has other things to do; it comes again."""


class Retention:
    """Keeps ``keep_days`` whole days (UTC) before today; 0 keeps everything."""

    def __init__(self, statements: Statements, *, leaders: Leaders, keep_days: int, log: logging.Logger) -> None:
        self._next = statements.load("list_expired_partitions")
        self._leaders = leaders
        self._keep_days = keep_days
        self._log = log

    def retire(self, connection: Connection[Any]) -> None:
        """Drops what is too old, as far as nobody uses it, the rest the next time. Leads anew at each step."""
        if not self._keep_days:
            return
        try:
            self._retire_all(connection)
        except pg.LockNotAvailable:
            self._log.info("a day of history that is to be dropped is in use: left for later")
        except pg.InsufficientPrivilege as error:
            self._log.warning("old history is kept: %s", error.diag.message_primary)

    def _retire_all(self, connection: Connection[Any]) -> None:
        try:
            connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'".encode())
            while self._leaders.lead(connection, NAME) and self._retire_next(connection):
                pass
        finally:
            if not connection.closed:
                connection.execute("SET lock_timeout = 0")

    def _retire_next(self, connection: Connection[Any]) -> bool:
        """One step of the oldest partition; False when none is left."""
        row = connection.execute(self._next, {"keep_days": self._keep_days}).fetchone()
        if row is None:
            return False
        name, command = row
        connection.execute(command.encode())
        if command.startswith("DROP"):
            self._log.info("dropped %s: history is kept for %d days", name, self._keep_days)
        return True
