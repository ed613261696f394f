"""Which workers of this host sleep for want of work, and how they are woken: each by a pipe of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable

from pooljobs.scoreboard import Role, Slot, SlotState, Wanted


class IdleWorkers:
    """The idle among the slots of a board.

    One that was woken and has not stirred since does not count: it may be stopped, and has its wake in the pipe.
    """

    def __init__(self, board: Iterable[Slot]) -> None:
        self._board = board
        self._woken_ns: dict[int, int] = {}

    def find(self) -> list[Slot]:
        """Those that can be woken, who fell idle last first."""
        found = [slot for slot in self._board if self._idles(slot)]
        return sorted(found, key=_since, reverse=True)

    def wake(self, slots: Iterable[Slot]) -> None:
        """Wakes them: there is work somewhere."""
        for slot in slots:
            self._woken_ns[slot.index] = time.monotonic_ns()
            slot.wake()

    def _idles(self, slot: Slot) -> bool:
        if slot.idle_since_ns <= self._woken_ns.get(slot.index, 0):
            return False
        return slot.state is SlotState.READY and slot.role is Role.WORKER and slot.wanted is Wanted.RUN


def _since(slot: Slot) -> int:
    return slot.idle_since_ns
