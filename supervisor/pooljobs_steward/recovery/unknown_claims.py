"""Gives back what living workers of this host hold by the database's word and do not know of.

A claim whose reply was lost is released by its worker before the next claim. That misses a claim which was still
running in the server at that moment, on a connection that had died on our side only: it commits later, and its lease
would be renewed for ever. Called by the steward's chores.

A claim is unknown if it is not on its worker's scoreboard, and was not taken by the newest claim, whose reply may be on
its way. Both are read after the rows, and what earlier claims took was entered before the newest one was sent, so a
claim in flight never looks unknown. Two looks must agree all the same: nothing is in a hurry here.

Nobody can ask for these rows by an index: one on the owner would end the claims' HOT updates. So a look scans the live
table, and the looks are paced by what they cost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.db.wire.arrays import Int8Array, UuidArray
from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState

LEAST_AGE = 5.0
"""Seconds since the claim, by the database's clock."""

LEAST_PAUSE = 30.0
MOST_SHARE = 0.01
"""Seconds between two looks, and the most of the time that they may take."""

SECOND_LOOK = 2.0
"""Seconds until a suspicion is looked at again."""


class UnknownClaim(NamedTuple):
    """One claim of one job, which nobody knows of."""

    worker_id: int
    job_id: bytes
    fence: int
    token: int


def unknown(rows: Sequence[UnknownClaim], slots: Mapping[int, Slot]) -> set[UnknownClaim]:
    """Those of ``rows`` that are neither on their worker's scoreboard nor of its newest claim.

    The rows must have been read before this is called.
    """
    newest = {worker_id: slot.claiming for worker_id, slot in slots.items()}
    suspects = [row for row in rows if row.token != newest[row.worker_id]]
    known = {
        UnknownClaim(worker_id, job.job_id, job.fence, job.token)
        for worker_id in {row.worker_id for row in suspects}
        for job in slots[worker_id].held()
    }
    return {row for row in suspects if row not in known and slots[row.worker_id].worker_id == row.worker_id}


@dataclass(slots=True)
class UnknownClaims:
    """Looks for unknown claims; remembers those of the last look."""

    statements: Statements
    board: Scoreboard
    _: KW_ONLY
    least_age: float = LEAST_AGE
    _suspects: set[UnknownClaim] = field(default_factory=set)
    _took: float = 0.0

    def look(self, connection: Connection[Any]) -> int:
        """Gives back what was unknown in this look and in the last one; the number of jobs."""
        slots = {slot.worker_id: slot for slot in self.board if _claims(slot)}
        before = self._suspects
        self._suspects = set()
        if not slots:
            return 0
        began = time.monotonic()
        rows = self._read(connection, list(slots))
        self._took = time.monotonic() - began
        found = unknown(rows, slots)
        self._suspects = found - before
        return self._release(connection, found & before) if found & before else 0

    def pause(self) -> float:
        """Seconds until the next look."""
        return SECOND_LOOK if self._suspects else max(LEAST_PAUSE, self._took / MOST_SHARE)

    def _read(self, connection: Connection[Any], worker_ids: Sequence[int]) -> list[UnknownClaim]:
        """A scan is the best plan here, which the pinned settings forbid."""
        parameters = {"worker_ids": worker_ids, "least_age": self.least_age}
        with connection.transaction():
            connection.execute("SET LOCAL enable_seqscan = on")
            rows = connection.execute(self.statements.load("find_held"), parameters, prepare=False).fetchall()
        return [UnknownClaim(worker_id, job_id.bytes, fence, token) for worker_id, job_id, fence, token in rows]

    def _release(self, connection: Connection[Any], unknown_claims: set[UnknownClaim]) -> int:
        listed = sorted(unknown_claims)
        parameters = {
            "ids": UuidArray([claim.job_id for claim in listed]),
            "fences": Int8Array([claim.fence for claim in listed]),
            "tokens": Int8Array([claim.token for claim in listed]),
        }
        row = connection.execute(self.statements.load("release_strays"), parameters).fetchone()
        return int(row[0]) if row else 0


def _claims(slot: Slot) -> bool:
    return slot.state is SlotState.READY and slot.role is Role.WORKER and slot.worker_id != 0
