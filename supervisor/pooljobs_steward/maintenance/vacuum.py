"""Keeps the tables in shape. Autovacuum looks at a database once a minute at best, which is long for a queue."""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg
from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.error_kinds import ErrorKind, kind_of
from pooljobs.db.schema.partitions import Lapse, lapse
from pooljobs.db.statements import Statements, render

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
