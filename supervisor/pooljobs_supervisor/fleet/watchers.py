"""Those who check the fleet on every tick for a reason of their own, and ask for something to be done about it.

The loop knows them by this protocol alone: a new reason to replace, interrupt or kill a child is a new watcher, put
into the list in ``supervisor.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pooljobs_supervisor.fleet.actions import Action


class Watcher(Protocol):
    """Checks and asks; it does nothing itself. Times are monotonic seconds."""

    def check(self, now: float) -> Sequence[Action]:
        """What it wants done now. Asked again on the next tick, so what is not done yet must be wanted again."""

    def next_check(self, now: float) -> float:
        """Seconds after which it must be asked again, at the latest."""
