"""How often a fleet may fork: a token bucket for all its children together. Pure; asked by ``plan.py``.

What was READY and died is replaced at once, since nothing is wrong with its start. Where each replacement meets a job
that ends it too, that alone would keep the machine busy with forks. So their rate is bounded: high enough that a storm
of deaths leaves most workers at work, low enough that it leaves the machine to them. A fleet's start, a reload and the
loss of all workers at once are within what is saved up.
"""

from __future__ import annotations

LEAST_A_SECOND = 8.0
"""Forks a second that any fleet has; one that began with more workers has as many as these."""

STEWARDS_OWN = 1
"""Forks that workers leave over: no storm among them keeps the steward out, without which no job comes back."""


class ForkBudget:
    """What one fleet has left. Times are monotonic seconds."""

    def __init__(self, procs: int, most: int) -> None:
        """For ``procs`` workers at the start, and ``most`` at any time."""
        self.a_second = max(LEAST_A_SECOND, float(procs))
        self._saved = float(most + 2 + STEWARDS_OWN)  # all workers, a steward and a zygote
        self._left = self._saved
        self._at = float("-inf")

    def left(self, now: float) -> int:
        """Forks that may be made now, the steward's own among them."""
        return max(0, int(self._exact(now)))

    def spend(self, now: float) -> None:
        """Note a fork, or a try."""
        self._left, self._at = max(self._exact(now) - 1.0, 0.0), now

    def seconds_to(self, count: int, now: float) -> float:
        """How long until ``count`` forks are left."""
        return max(0.0, (count - self._exact(now)) / self.a_second)

    def _exact(self, now: float) -> float:
        if self._at == float("-inf"):
            return self._left
        return min(self._saved, self._left + max(0.0, now - self._at) * self.a_second)
