"""Results that the database refuses though it takes others: kept, and tried again, without holding up the others.

A trigger of the user's, or a policy, says no to one job. It can be mended, and to run the job again would do its work
twice; so its result stays here, and its entry on the scoreboard, until it passes or the worker ends: then the steward
goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pooljobs.job.verdict import Settlement

Ended = tuple[Settlement, int]
"""A settlement and the entry its job has on the scoreboard."""

SHORTEST: Final = 5.0
LONGEST: Final = 60.0
"""Seconds to the first try and, doubled while all of them are refused, the most between two."""


class SetAside:
    """One settler's, called with its lock; but for ``seconds``, which any thread may ask for."""

    def __init__(self) -> None:
        self._ended: list[Ended] = []
        self._tries = 0
        self._at = 0.0

    def __len__(self) -> int:
        return len(self._ended)

    def seconds(self, now: float) -> float | None:
        """Until the next try; None while there is nothing to try."""
        return max(0.0, self._at - now) if self._ended else None

    def put(self, ended: Sequence[Ended], now: float) -> None:
        """Keeps them for later; ``now`` is monotonic."""
        if not self._ended:
            self._at = now + min(SHORTEST * 2.0 ** min(self._tries, 10), LONGEST)
        self._ended += ended

    def take(self, now: float) -> list[Ended]:
        """All of them, if it is time; whoever takes them puts back what is refused again."""
        if not self._ended or now < self._at:
            return []
        self._tries += 1
        return self._empty()

    def take_all(self) -> list[Ended]:
        """All of them, whatever the time."""
        return self._empty()

    def passed(self) -> None:
        """Some were taken, and not all of them were refused again."""
        self._tries = 0

    def _empty(self) -> list[Ended]:
        taken, self._ended = self._ended, []
        return taken
