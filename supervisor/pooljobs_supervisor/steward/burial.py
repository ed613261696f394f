"""Buries the dead workers of this host: what they held is released, then their slots are free."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import Connection
from psycopg import errors as pg

from pooljobs.scoreboard import Role, Slot, SlotState
from pooljobs_supervisor.steward.release import Releaser


def wake_workers(board: Iterable[Slot]) -> None:
    """Has all workers look for jobs: what came back may lie behind their floors."""
    for slot in board:
        if slot.state is SlotState.READY and slot.role is Role.WORKER:
            slot.wake()


class Burial:
    """Of one board."""

    def __init__(self, releaser: Releaser, board: Iterable[Slot]) -> None:
        self._releaser = releaser
        self._board = board
        self.unfinished = False
        """Whether there is a dead worker with rows that are still locked: it comes again."""

    def bury(self, connection: Connection[Any]) -> bool:
        """Releases what dead workers held, then frees their slots; whether there were any."""
        dead = [slot for slot in self._board if slot.state is SlotState.DEAD and slot.role is Role.WORKER]
        self.unfinished = False
        for slot in dead:
            released = self._release(connection, slot)
            wake_workers(self._board)
            if released:
                slot.clear()
            else:
                self.unfinished = True
        return bool(dead)

    def _release(self, connection: Connection[Any], slot: Slot) -> bool:
        """False if something is still locked, a row or the whole table."""
        try:
            return self._releaser.release(connection, slot)
        except pg.LockNotAvailable:
            return False
