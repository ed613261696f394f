"""How long an idle worker sleeps before it looks for jobs itself. Asked by the loop.

While the steward hears of jobs and wakes the idle, as seldom as ``--poll-interval`` says, and then one of the host's
idle workers does it for all: what nobody told of is there for each of them. While nobody does, because
the steward is dead, stopped or without a connection, or because notifications do not arrive, soon and then less and
less often: a job must not wait seconds for that. Where the operator wants no listening his interval holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState

SHORTEST, LONGEST = 0.02, 0.5
"""Seconds between looks while nobody listens: doubled with each that finds nothing."""

FRESH_NS = 3_000_000_000
"""Nanoseconds for which a steward's heartbeat counts; a healthy one shows two a second."""


TURN = 0.02
"""Seconds between the times at which a host's idle workers wake up: the first looks, and the next one sees that."""


def heard(board: Iterable[Slot], now_ns: int) -> bool:
    """Whether a steward is there that wakes the idle."""
    return any(
        slot.listens and now_ns - slot.heartbeat_ns < FRESH_NS
        for slot in board
        if slot.state is SlotState.READY and slot.role is Role.STEWARD
    )


class PollPace:
    """One worker's. ``listen``: whether the fleet is to hear of jobs at all."""

    def __init__(self, board: Scoreboard, slot: Slot, *, poll_interval: float, listen: bool) -> None:
        self._board = board
        self._slot = slot
        self._poll_interval = poll_interval
        self._listen = listen
        self._next = SHORTEST

    def worked(self) -> None:
        """There was work since the last sleep."""
        self._next = SHORTEST

    def found_none(self) -> None:
        """A look has just found no job."""
        self._board.polled_ns = time.monotonic_ns()

    def seconds(self) -> float:
        """How long to sleep now. Asked once the worker shows on the board that it idles: who ends the listening then
        wakes it.
        """
        now_ns = time.monotonic_ns()
        if self._listen and not heard(self._board, now_ns):
            pause, self._next = self._next, min(self._next * 2, LONGEST)
            return min(pause, self._poll_interval)
        self._next = SHORTEST
        if not self._listen:
            return self._poll_interval
        return self._left(now_ns) + min(self._slot.ordinal * TURN, self._poll_interval)

    def due(self) -> bool:
        """Whether to look, after that time and without a wake; False if another worker has looked meanwhile."""
        now_ns = time.monotonic_ns()
        return not self._listen or not heard(self._board, now_ns) or not self._left(now_ns)

    def _left(self, now_ns: int) -> float:
        """Seconds until this host is to look again."""
        return max(0.0, self._poll_interval - (now_ns - self._board.polled_ns) / 1e9)
