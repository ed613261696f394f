"""Finds out, when a fleet starts, which workers of this machine were there before it and exist no longer.

A process tree that was killed whole left nobody to release what it held, and would be missed only when its leases have
run out. Who is started in its place can tell at once, by asking the system; but only of processes that it could see: of
the same boot of the same host, and in the same namespace of process numbers. What ran in another container is left to
its lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.process.child import Child
from pooljobs.process.fleet import fleet_of
from pooljobs.process.liveness import lives


class EarlierWorkers:
    """The workers of other fleets on this machine. One whose number another process has by now counts as living."""

    def __init__(self, statements: Statements, child: Child) -> None:
        self._find = statements.load("find_neighbours")
        self._child = child
        self.any = True
        """Whether there were some at the last look."""

    def gone(self, connection: Connection[Any]) -> Sequence[int]:
        """The ids of those that exist no longer, though nobody has said so yet."""
        found = connection.execute(self._find, fleet_of(self._child)).fetchall()
        self.any = bool(found)
        return [worker_id for worker_id, pid in found if not lives(pid)]
