"""Looks at the backlog now and then, while the database answers, and holds the producers back when it is long."""

from __future__ import annotations

import time
from typing import Final

import psycopg

from pooljobs.db.error_kinds import passes
from pooljobs.errors import PoolJobsError
from pooljobs_cli.chaos.chaos_schema import ChaosSchema
from pooljobs_cli.chaos.producers import Limit

_LOOK: Final = 1.0
"""Seconds between looks."""


class BacklogWatch:
    """The jobs that have not ended, as of the last look."""

    def __init__(self, dsn: str, limit: Limit, *, most: int) -> None:
        self._dsn = dsn
        self._limit = limit
        self._most = most
        self._stage: ChaosSchema | None = None
        self._next = 0.0
        self.left = -1

    def look(self) -> int:
        """Jobs not ended, by the last look; -1 before the first."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK
            try:
                self._stage = self._stage or ChaosSchema(self._dsn)
                self.left = self._stage.left()[0]
                self._limit.backlogged = self.left > self._most
            except (psycopg.Error, PoolJobsError) as error:
                if not (isinstance(error, PoolJobsError) or passes(error)):
                    raise
                self._stage = None
        return self.left
