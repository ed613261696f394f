"""Declares lost hosts' workers dead, and releases what they held."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs_steward.recovery.dead_workers import DeadWorkers


class LostHosts:
    """One steward's. What was begun and failed half-way is done at the next call."""

    def __init__(self, statements: Statements, dead_workers: DeadWorkers, log: logging.Logger) -> None:
        self._statement = statements.load("reap_workers")
        self._dead_workers = dead_workers
        self._log = log
        self.leftover = True  # a steward before this one may have died between a reaping and its release
        """Whether dead workers may hold something that is not released."""

    def reap(self, connection: Connection[Any], watched: float, gone: Sequence[int]) -> None:
        """Declares dead whose lease has run out, if it was watched for long enough, and who is known to be ``gone``.

        Who is still claiming, in the server, is left for the next call.
        """
        reaped = connection.execute(self._statement, {"watched": watched, "gone": list(gone)}).fetchall()
        self.leftover = self.leftover or bool(reaped)  # noted first: the release may have to be tried again
        for worker_id, host, pid, ordinal, is_gone in reaped:
            how = "exists no longer" if is_gone else "let its lease run out"
            self._log.warning(
                "worker-%d of %s (pid %d, id %d) %s: its jobs run elsewhere", ordinal, host, pid, worker_id, how
            )

    def release(self, connection: Connection[Any]) -> None:
        """Gives back what dead workers hold; what is locked is left for the next call."""
        self.leftover = self._dead_workers.release_all(connection, None, lost=True) > 0
