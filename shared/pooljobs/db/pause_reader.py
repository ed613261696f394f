"""Knows what is paused, and asks the database again when the scoreboard says that it may have changed.

The steward hears of pauses and counts them there. Where none has done so lately (it is dead, stopped, or has no
connection) whoever asks looks for himself, twice a second.
"""

from __future__ import annotations

import time
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.job.paused import NOTHING, Paused
from pooljobs.scoreboard import Scoreboard

FRESH_NS: Final = 1_500_000_000
"""Nanoseconds for which the steward's word counts; a healthy one gives it once or twice a second."""

OWN_NS: Final = 500_000_000
"""Nanoseconds between own looks where there is no such word."""

_UNREAD: Final = -1
"""No version: before the first look."""


class PauseReader:
    """One process's, or one part's of it. Any thread: what is known changes as a whole.

    Attributes:
        paused: What is known; the same object as long as nothing has changed.
    """

    def __init__(self, statements: Statements, board: Scoreboard) -> None:
        self._list = statements.load("list_pauses")
        self._board = board
        self._version = _UNREAD
        self._read_ns = 0
        self.paused: Paused = NOTHING

    def outdated(self) -> bool:
        """Whether to read it again: a look at the scoreboard."""
        if self._board.pauses_version != self._version:
            return True
        now_ns = time.monotonic_ns()
        return now_ns - self._board.pauses_seen_ns > FRESH_NS and now_ns - self._read_ns > OWN_NS

    def read(self, connection: Connection[Any]) -> None:
        """Reads it. Errors of the database come through; what was known stays known then."""
        version, now_ns = self._board.pauses_version, time.monotonic_ns()  # first: what is read is at least as new
        rows = connection.execute(self._list).fetchall()
        paused = Paused(
            frozenset(name for kind, name, *_ in rows if kind == "queue"),
            frozenset(name for kind, name, *_ in rows if kind == "type"),
        )
        if paused != self.paused:
            self.paused = paused
        self._version, self._read_ns = version, now_ns

    def put_off(self) -> None:
        """It could not be read: what was known holds for the time until the next look of one's own."""
        self._version, self._read_ns = self._board.pauses_version, time.monotonic_ns()
