"""Which jobs the workers of this host know, once some of them have met others, but for those of paused types: what the
host looks for when it idles.

The steward imports no user code. What each worker's code declares is in the database, and which code it has is on the
scoreboard. What any of them knows counts as known, as while a reload replaces them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from psycopg import Connection

from pooljobs.db.statements import Statements
from pooljobs.job.paused import NOTHING, Paused
from pooljobs.scoreboard import Role, Slot, SlotState, Wanted


@dataclass(frozen=True, slots=True)
class Known:
    """Parameters of ``pass_over.sql``, but for what concerns single workers."""

    types: list[str]
    only_these: bool
    unknown_flags: int


class KnownJobs:
    """One host's. Reads the declarations again when the code on the scoreboard has changed."""

    def __init__(self, statements: Statements, board: Iterable[Slot], fleet: int) -> None:
        self._list = statements.load("list_declared_types")
        self._board = board
        self._fleet = fleet
        self._codes: frozenset[int] = frozenset()
        self._types: list[str] = []

    def read(self, connection: Connection[Any], paused: Paused = NOTHING) -> Known | None:
        """None as long as no type is paused and no worker has met what it does not know: then all is looked for."""
        workers = [slot for slot in self._board if _claims(slot)]
        flags = unknown_flags(workers)
        met_types = any(slot.foreign_types for slot in workers)
        if not met_types and not flags and not paused.types:
            return None
        types = self._declared(connection, workers) if met_types else []
        return Known(paused.narrowed(types, only_these=met_types), only_these=met_types, unknown_flags=flags)

    def _declared(self, connection: Connection[Any], workers: Iterable[Slot]) -> list[str]:
        codes = frozenset(slot.code for slot in workers)
        if codes != self._codes:
            asked = {"fleet": self._fleet, "codes": sorted(codes)}
            self._types = [name for (name,) in connection.execute(self._list, asked).fetchall()]
            self._codes = codes
        return self._types


def unknown_flags(workers: Iterable[Slot]) -> int:
    """The bits that no worker knows: workers with the same code know the same, and one of them may have met one."""
    by_code: dict[int, int] = {}
    for slot in workers:
        by_code[slot.code] = by_code.get(slot.code, 0) | slot.unknown_flags
    return reduce(and_, by_code.values()) if by_code else 0


def _claims(slot: Slot) -> bool:
    return slot.state is SlotState.READY and slot.role is Role.WORKER and slot.wanted is Wanted.RUN
