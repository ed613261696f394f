"""Drops the days of history that are older than they are to be kept. A chore of the steward.

A partition is detached first, which does not wait for those who read other days, and dropped once it stands alone.
"""

from __future__ import annotations

import logging
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.statements import Statements

PATIENCE = "1s"
"""The most to wait for somebody who uses a partition. The steward has other things to do; it comes again."""


class Retention:
    """Keeps ``keep_days`` whole days (UTC) before today; 0 keeps everything."""

    def __init__(self, statements: Statements, keep_days: int, log: logging.Logger) -> None:
        self._next = statements.load("list_expired_partitions")
        self._turn = statements.load("take_turn")
        self._keep_days = keep_days
        self._log = log

    def retire(self, connection: Connection[Any]) -> None:
        """Drops what is too old, as far as nobody uses it; the rest is left for the next time."""
        if not self._keep_days or not self._take_turn(connection, take=True):
            return
        try:
            connection.execute(f"SET lock_timeout = '{PATIENCE}'".encode())
            while self._retire_next(connection):
                pass
        except pg.LockNotAvailable:
            self._log.info("a day of history that is to be dropped is in use: left for later")
        except pg.InsufficientPrivilege as error:
            self._log.warning("old history is kept: %s", error.diag.message_primary)
        finally:
            if not connection.closed:
                connection.execute("RESET lock_timeout")
                self._take_turn(connection, take=False)

    def _take_turn(self, connection: Connection[Any], *, take: bool) -> bool:
        row = connection.execute(self._turn, {"take": take}).fetchone()
        return row is not None and bool(row[0])

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
