"""Keeps the tables in shape: a helper of the steward's, since a vacuum takes minutes and a dead worker's jobs must not
wait for it.

While the database is away it waits in silence: the steward's chores say so.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.statements import Statements
from pooljobs.settings import ServeSettings
from pooljobs_steward.chore_schedule import Chore, ChoreSchedule
from pooljobs_steward.maintenance.retention import Retention
from pooljobs_steward.maintenance.vacuum import Vacuum
from pooljobs_steward.statement_watchdog import StatementWatchdog

RECONNECT_PAUSE = 1.0
"""Seconds between tries to reach the database."""

PATIENCE = 3600.0
"""Seconds that a statement may take: a vacuum may take what it takes, and the network is watched by TCP."""


class VacuumService:
    """Holds the connection from its first chore to ``close``."""

    def __init__(
        self,
        settings: ServeSettings,
        fleet: int,
        pool: ConnectionPool[Connection[Any]],
        log: logging.Logger,
        *,
        stopping: threading.Event,
        watchdog: StatementWatchdog,
    ) -> None:
        statements = Statements(settings.schema)
        upkeep = Vacuum(statements, log)
        retention = Retention(statements, fleet, settings.keep_history, log)
        now = time.monotonic()
        self._partitions = Chore(self._make_partitions, 3600.0)
        self._upkeep = upkeep
        self._schedule = ChoreSchedule(
            [
                self._partitions,
                Chore(retention.retire, 600.0, now + 5.0),
                Chore(upkeep.vacuum, 30.0, now + 3.0),
                Chore(upkeep.forget, 3600.0, now + 60.0),
            ],
            RefusalLog(log, unless=stopping.is_set),  # at the end what is under way is cancelled
        )
        self._pool = pool
        self._stopping = stopping
        self._watchdog = watchdog
        self._connection: Connection[Any] | None = None

    def run(self) -> None:
        """Works until it is asked to stop."""
        while not self._stopping.wait(self._schedule.seconds_to_next()):
            try:
                self._turn()
            except psycopg.Error as error:  # also a refusal, which is told by then, that leaves a transaction open
                if kind_of(error) is ErrorKind.MISUSE:
                    raise
                self.close()
                self._stopping.wait(RECONNECT_PAUSE)

    def close(self) -> None:
        """Closes the connection rather than give it back: it may be anywhere in a statement."""
        connection, self._connection = self._connection, None
        self._watchdog.untie()
        if connection is not None:
            connection.close()
            self._pool.putconn(connection)

    def _turn(self) -> None:
        if self._connection is None:
            self._connection = self._pool.getconn(timeout=2.0)
            self._watchdog.tie(self._connection)
        with self._watchdog.waiting():
            self._schedule.run_due(self._connection)

    def _make_partitions(self, connection: Connection[Any]) -> None:
        self._partitions.every = self._upkeep.partitions(connection)
