"""Has workers that are more than the host's processors, and want large batches, claim them in turn, more or less.

Each claim walks past the rows that others are just taking, so that many at once cost the server more than the same ones
in turn, and gain nothing where the processors are busy anyway. Who claims and who waits stands on the scoreboard:
nothing is locked, two may go ahead at once, and whoever is stopped in the middle of a claim is not counted for long.
"""

from __future__ import annotations

import os
import time
from typing import Final

from pooljobs.scoreboard import Activity, Role, Scoreboard, Slot, SlotState
from pooljobs.scoreboard.layout import At
from pooljobs.scoreboard.wake import OWN

LARGE: Final = 250
"""Jobs: smaller claims do not wait. Who claims so many runs them in less than half a millisecond each
(``batch_size.py``), and claims all the time.
"""

LONGEST_CLAIM_NS: Final = 50_000_000
"""Nanoseconds after which a claim under way is not counted."""

MOST_WAIT_NS: Final = 500_000_000
"""Nanoseconds after which a claim begins whatever the others do."""

PAUSE: Final = 0.02
"""Seconds after which who waits looks for himself: who was to wake him may be gone."""

_CLAIMING: Final = int(Activity.CLAIMING)
_ACTIVITY, _HEARTBEAT, _TURN_SINCE = int(At.ACTIVITY), int(At.HEARTBEAT_NS), int(At.TURN_SINCE_NS)


class ClaimTurn:
    """One worker's."""

    def __init__(self, board: Scoreboard, slot: Slot) -> None:
        self._slot = slot
        self._others = [other for other in board if other.index != slot.index]
        self._words = [other.words for other in self._others]  # read without the descriptors: it is done often
        self._processors = os.cpu_count() or 1

    def seconds(self, limit: int) -> float:
        """0.0 when it is time to claim up to ``limit`` jobs, which the scoreboard tells from then on; else how long to
        wait at most before this is asked again.
        """
        now_ns, slot = time.monotonic_ns(), self._slot
        if limit >= LARGE and self._claiming(now_ns) >= max(1, self._processors // 2):
            if not slot.turn_since_ns and self._busy() > self._processors:
                slot.turn_since_ns = now_ns
            if now_ns < slot.turn_since_ns + MOST_WAIT_NS:
                return PAUSE
        slot.turn_since_ns = 0
        slot.heartbeat_ns = now_ns
        slot.activity = Activity.CLAIMING
        return 0.0

    def over(self) -> None:
        """The claim has been answered; it is the turn of who has waited for the longest time, but for those who would
        have gone ahead by themselves, were they not stopped.
        """
        self._slot.turn_since_ns = 0
        self._slot.activity = Activity.NONE
        since_ns = max(0, time.monotonic_ns() - MOST_WAIT_NS)
        waiting = [(words[_TURN_SINCE], at) for at, words in enumerate(self._words) if words[_TURN_SINCE] > since_ns]
        if waiting:
            self._others[min(waiting)[1]].wake(OWN)

    def _claiming(self, now_ns: int) -> int:
        """Others whose claim is under way."""
        since_ns = now_ns - LONGEST_CLAIM_NS
        return sum(words[_ACTIVITY] == _CLAIMING and words[_HEARTBEAT] > since_ns for words in self._words)

    def _busy(self) -> int:
        """Workers that have something to do, this one among them."""
        return 1 + sum(
            other.state is SlotState.READY and other.role is Role.WORKER and not other.idle_since_ns
            for other in self._others
        )
