"""Keeps the row of this fleet in the database: that it lives, and what its workers declare no longer."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of
from pooljobs.scoreboard import Role, Slot, SlotState


class FleetRecord:
    """One fleet's. A fleet that is not renewed counts as gone after ``job_timeout`` seconds."""

    def __init__(self, statements: Statements, child: Child, job_timeout: float) -> None:
        self._renew = statements.load("renew_fleet")
        self._lock = statements.load("lock_fleet")
        self._drop = statements.load("drop_declarations")
        self._retire = statements.load("retire_fleet")
        self._child = child
        self._job_timeout = job_timeout
        self._codes: frozenset[int] | None = None

    def renew(self, connection: Connection[Any]) -> None:
        """Says that the fleet lives; notes what none of its workers declares any more, when they have changed."""
        fleet = fleet_of(self._child)
        connection.execute(self._renew, {**fleet, "seconds": self._job_timeout})
        codes = frozenset(slot.code for slot in self._child.board if _is_worker(slot))
        if codes != self._codes:
            with connection.transaction():
                connection.execute(self._lock, fleet)
                connection.execute(self._drop, fleet)
            self._codes = codes

    def retire(self, connection: Connection[Any]) -> None:
        """Says that it leaves."""
        connection.execute(self._retire, fleet_of(self._child))


def _is_worker(slot: Slot) -> bool:
    """Whether a worker is there, or was and is not released: to the database it lives until then."""
    return slot.state is not SlotState.FREE and slot.role is Role.WORKER
