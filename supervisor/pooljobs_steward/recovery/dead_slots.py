"""Releases the dead workers of this host: what they held is released, then their slots are free."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs.db.refusal_log import RefusalLog
from pooljobs.scoreboard import Role, Slot, SlotState
from pooljobs_steward.chore_schedule import borne
from pooljobs_steward.recovery.dead_workers import DeadWorkers


def wake_workers(board: Iterable[Slot]) -> None:
    """Has all workers look for jobs: what came back may lie behind their floors."""
    for slot in board:
        if slot.state is SlotState.READY and slot.role is Role.WORKER:
            slot.wake()


class DeadSlots:
    """Of one board."""

    def __init__(self, dead_workers: DeadWorkers, board: Iterable[Slot], refusals: RefusalLog) -> None:
        self._dead_workers = dead_workers
        self._board = board
        self._refusals = refusals
        self.unfinished = False
        """Whether there is a dead worker with rows that are still locked, or were refused: it comes again."""
        self.refused = False
        """Whether it is the latter, which takes longer to mend."""

    def release(self, connection: Connection[Any]) -> bool:
        """Releases what dead workers held, then frees their slots; whether there were any."""
        dead = [slot for slot in self._board if slot.state is SlotState.DEAD and slot.role is Role.WORKER]
        self.unfinished = self.refused = False
        for slot in dead:
            released = self._released(connection, slot)
            wake_workers(self._board)
            if released:
                slot.clear()
            else:
                self.unfinished = True
        return bool(dead)

    def _released(self, connection: Connection[Any], slot: Slot) -> bool:
        """False if something is still locked, a row or the whole table, or was refused."""
        try:
            return self._dead_workers.release(connection, slot)
        except psycopg.Error as error:
            self.refused = borne(connection, error, self._refusals) or self.refused
            return False
