"""A list of things to do, each on its own rhythm. Used by the steward's main thread and by its upkeeper."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

LOCKED_PAUSE = 1.0
"""Seconds until a chore is tried again that met somebody's lock."""

Work = Callable[[Connection[Any]], None]


@dataclass(slots=True)
class Chore:
    """Something to do every ``every`` seconds; ``at`` is the monotonic time of the next run."""

    work: Work
    every: float
    at: float = 0.0


class Rota:
    """Chores in their order. Errors of the database come through; what was not done is due again.

    Whoever meets a lock for longer than the connection's ``lock_timeout`` makes way for the next one.
    """

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores

    def run_due(self, connection: Connection[Any], before_each: Callable[[], None] = lambda: None) -> None:
        """Does what is due."""
        for chore in self._chores:
            if (now := time.monotonic()) >= chore.at:
                before_each()
                try:
                    chore.work(connection)
                except pg.LockNotAvailable:
                    chore.at = time.monotonic() + LOCKED_PAUSE
                else:
                    chore.at = now + chore.every

    def seconds_to_next(self) -> float:
        """How long nothing is due."""
        return max(0.0, min(chore.at for chore in self._chores) - time.monotonic())
