"""Decides whose steward does a chore of the whole database: one host's at a time, by a row in ``leaders``."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import Statements

LEAD: Final = 60.0
"""Seconds for which a steward leads, unless it says so again: after its death another one takes the chore up."""


class Leaders:
    """One fleet's right to do this or that; by the name of a chore."""

    def __init__(self, statements: Statements, fleet: int) -> None:
        self._try_lead = statements.load("try_lead")
        self._fleet = fleet

    def lead(self, connection: Connection[Any], name: str) -> bool:
        """Whether this fleet leads, for ``LEAD`` seconds from now on; False while another one does."""
        return self._ask(connection, name, LEAD)

    def resign(self, connection: Connection[Any], name: str) -> None:
        """Lets another one lead at once."""
        self._ask(connection, name, 0.0)

    def _ask(self, connection: Connection[Any], name: str, seconds: float) -> bool:
        asked = {"name": name, "fleet": self._fleet, "seconds": seconds}
        return connection.execute(self._try_lead, asked).fetchone() is not None
