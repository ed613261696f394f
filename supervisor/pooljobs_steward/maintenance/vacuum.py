"""Keeps the tables in shape: a service of the steward's, since a vacuum takes minutes and a dead worker's jobs must not
wait for it. Autovacuum looks at a database once a minute at best, which is long for a queue.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Final

import psycopg
from psycopg import Connection
from psycopg import errors as pg
from psycopg_pool import ConnectionPool

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.outage import Outage
from pooljobs.db.refusal_log import RefusalLog
from pooljobs.db.resilient_connection import ResilientConnection
from pooljobs.db.schema.partitions import Lapse, lapse
from pooljobs.db.statements import Statements, render
from pooljobs.settings import ServeSettings
from pooljobs_steward.chore_schedule import Chore, ChoreSchedule, Scope
from pooljobs_steward.leaders import Leaders
from pooljobs_steward.maintenance import retention
from pooljobs_steward.maintenance.retention import Retention
from pooljobs_steward.maintenance.unique_keys import ROUND_PAUSE, UniqueKeys
from pooljobs_steward.statement_watchdog import StatementWatchdog

STATEMENT_TIMEOUT: Final = 3600.0
"""Seconds that a statement may take: a vacuum may take what it takes, and the network is watched by TCP."""

DEAD_ROWS = 20_000
"""Dead rows in the live table after which it is vacuumed."""

SPARE_PAGES = 4_096
"""Pages (32 MB) that the live table could do without, after which what is empty at its end is cut off."""

PARTITIONS_EVERY, PARTITIONS_AGAIN = 3600.0, 60.0
"""Seconds between two looks at the partitions, and after one that somebody's lock kept from its end."""
WARNED_EVERY = 86_400.0
"""Seconds between two warnings that partitions cannot be made."""

LATE = 4
"""Days of partitions that are left, below which that is an error."""


class Vacuum:
    """Vacuum and partitions. Whoever may not vacuum (the table's owner may) leaves it to autovacuum."""

    def __init__(self, statements: Statements, log: logging.Logger) -> None:
        self._log = log
        self._warn_at = 0.0
        self._statements = statements
        self._dead = statements.load("count_dead_rows")
        self._partitions = statements.load("make_partitions")
        self._forget = [statements.load(verb) for verb in ("forget_workers", "forget_fleets")]
        self._vacuum = render("VACUUM (SKIP_LOCKED, TRUNCATE FALSE, ANALYZE) {schema}.live", statements.schema)
        self._shrink = render(
            "VACUUM (SKIP_LOCKED, TRUNCATE, INDEX_CLEANUP ON, ANALYZE) {schema}.live", statements.schema
        )  # else a few dead rows, at the end perhaps, are left to the next vacuum
        self._calm = False

    def vacuum(self, connection: Connection[Any]) -> None:
        """Vacuums the live table when enough rows are dead; a vacuum under way elsewhere is left to it.

        After a flood it shrinks: at the second look in succession that finds few dead rows and many empty pages. A
        busy table is left as large as it is, since it would grow again. What is cut off is locked meanwhile, against
        claims too; but the server waits in nobody's way for that lock, for five seconds at most, and gives it up as
        soon as somebody else waits.
        """
        row = connection.execute(self._dead).fetchone()
        assert row is not None, "numbers, whatever the table is like"
        dead, spare = row
        calm, self._calm = self._calm, dead < DEAD_ROWS and spare >= SPARE_PAGES
        if dead >= DEAD_ROWS:
            connection.execute(self._vacuum)
        elif calm and self._calm:
            connection.execute(self._shrink)
            self._calm = False  # what cannot be cut off yet is not asked for at every look

    def partitions(self, connection: Connection[Any]) -> float:
        """Makes history's partitions two weeks ahead; the seconds until it should be called again."""
        try:
            connection.execute(self._partitions)
        except pg.LockNotAvailable as error:
            self._log.info("history's next partitions were not made: %s; left for later", error.diag.message_primary)
            return PARTITIONS_AGAIN
        except psycopg.Error as error:
            if kind_of(error) is not ErrorKind.REFUSED:
                raise
            self._warn(lapse(connection, self._statements, error))
        return PARTITIONS_EVERY

    def _warn(self, found: Lapse | None) -> None:
        """Once a day; at each try when it is late."""
        if found is None:
            return
        if found.days < LATE:
            self._log.error("%s", found.text)
        elif time.monotonic() >= self._warn_at:
            self._warn_at = time.monotonic() + WARNED_EVERY
            self._log.warning("%s", found.text)

    def forget(self, connection: Connection[Any]) -> None:
        """Deletes old tombstones, and fleets that left long ago."""
        for statement in self._forget:
            connection.execute(statement)


class Maintenance:
    """The service: these chores and the dropping of old history, on a connection of its own."""

    def __init__(
        self,
        settings: ServeSettings,
        fleet: int,
        *,
        pool: ConnectionPool[Connection[Any]],
        outage: Outage,
        stopping: threading.Event,
        watchdog: StatementWatchdog,
        log: logging.Logger,
    ) -> None:
        statements = Statements(settings.schema)
        vacuum = Vacuum(statements, log)
        leaders = Leaders(statements, fleet)
        retain = Retention(statements, leaders=leaders, keep_days=settings.keep_history, log=log)
        now = time.monotonic()
        partitions = Chore("partitions", vacuum.partitions, every=PARTITIONS_EVERY, scope=Scope.DATABASE)
        sweep = UniqueKeys(statements).look
        refusals = RefusalLog(log, unless=stopping.is_set)  # at the end what is under way is cancelled
        self.schedule = ChoreSchedule(
            [
                partitions,
                Chore(retention.NAME, retain.retire, every=600.0, at=now + 5.0, scope=Scope.DATABASE),
                # A look reads what the server has counted, and the server lets one vacuum a table at a time.
                Chore("vacuum", vacuum.vacuum, every=30.0, at=now + 3.0),
                Chore("tombstones", vacuum.forget, every=3600.0, at=now + 60.0, scope=Scope.DATABASE),
                Chore("unique keys", sweep, every=ROUND_PAUSE, at=now + ROUND_PAUSE, scope=Scope.DATABASE),
            ],
            refusals=refusals,
            leaders=leaders,
        )
        self._connection = ResilientConnection(pool, outage=outage, refusals=refusals)
        self._stopping = stopping
        self._watchdog = watchdog

    def run(self) -> None:
        """Works until it is asked to stop."""
        while not self._stopping.wait(self.schedule.seconds_to_next()):
            if not self._connection.attempt(self._turn):
                self._stopping.wait(self._connection.pause())

    def close(self) -> None:
        """Closes the connection rather than give it back: it may be anywhere in a statement."""
        self._connection.drop()

    def _turn(self, connection: Connection[Any]) -> None:
        with self._watchdog.waiting(connection):
            self.schedule.run_due(connection)
