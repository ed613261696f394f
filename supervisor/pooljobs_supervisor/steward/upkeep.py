"""Keeps the tables in shape. Autovacuum looks at a database once a minute at best, which is long for a queue."""

from __future__ import annotations

import logging
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.db.statements import Statements, render

DEAD_ROWS = 20_000
"""Dead rows in the live table after which it is vacuumed."""


PARTITIONS_EVERY, PARTITIONS_AGAIN = 3600.0, 60.0
"""Seconds between two looks at the partitions, and after one that somebody's lock kept from its end."""


class Upkeep:
    """Vacuum and partitions. Whoever lacks the privilege (the table's owner has it) leaves it to autovacuum."""

    def __init__(self, statements: Statements, log: logging.Logger) -> None:
        self._log = log
        self._statements = statements
        self._dead = statements.load("count_dead_rows")
        self._partitions = statements.load("make_partitions")
        self._forget = [statements.load(verb) for verb in ("forget_workers", "forget_fleets")]
        self._vacuum = render("VACUUM (SKIP_LOCKED, TRUNCATE FALSE, ANALYZE) {schema}.live", statements.schema)

    def vacuum(self, connection: Connection[Any]) -> None:
        """Vacuums the live table when enough rows are dead; a vacuum under way elsewhere is left to it."""
        row = connection.execute(self._dead).fetchone()
        if row is not None and row[0] >= DEAD_ROWS:
            connection.execute(self._vacuum)

    def partitions(self, connection: Connection[Any]) -> float:
        """Makes history's partitions two weeks ahead; the seconds until it should be called again."""
        try:
            connection.execute(self._partitions)
        except pg.LockNotAvailable as error:
            self._log.info("history's next partitions were not made: %s; left for later", error.diag.message_primary)
            return PARTITIONS_AGAIN
        except pg.InsufficientPrivilege:
            pass  # workers may run as a user who owns nothing: then `pooljobs migrate` makes the partitions
        return PARTITIONS_EVERY

    def forget(self, connection: Connection[Any]) -> None:
        """Deletes old tombstones, and fleets that left long ago."""
        for statement in self._forget:
            connection.execute(statement)
