"""Keeps the row of this fleet in the database: that it lives, and what its workers declare no longer."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of


class FleetRecord:
    """One fleet's. A fleet that is not renewed counts as gone after ``job_timeout`` seconds."""

    def __init__(self, statements: Statements, child: Child, job_timeout: float) -> None:
        self._renew = statements.load("renew_fleet")
        self._lock = statements.load("lock_fleet")
        self._drop = statements.load("drop_declarations")
        self._retire = statements.load("retire_fleet")
        self._child = child
        self._job_timeout = job_timeout

    def renew(self, connection: Connection[Any]) -> None:
        """Says that the fleet lives; notes what none of its workers declares any more."""
        fleet = fleet_of(self._child)
        connection.execute(self._renew, {**fleet, "seconds": self._job_timeout})
        with connection.transaction():
            connection.execute(self._lock, fleet)
            connection.execute(self._drop, fleet)

    def retire(self, connection: Connection[Any]) -> None:
        """Says that it leaves."""
        connection.execute(self._retire, fleet_of(self._child))
