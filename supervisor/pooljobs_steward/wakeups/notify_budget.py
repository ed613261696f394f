"""How many notifications a host may cause: enough that a few jobs start at once, too few to slow many enqueues down.

A commit with NOTIFY locks the whole database, so sixteen clients that enqueue one job at a time reach a third of their
pace. A budget decides when a host says that it sleeps, rather than a delay: a job that comes alone is told of, however
soon after another, and a thousand a second are not. Pure.
"""

from __future__ import annotations

A_SECOND = 100.0
"""Notifications that are paid for: they slow the rest of the enqueues down by a hundredth or two."""

SAVED = 100.0
"""The most that can be saved up."""

AMPLE = SAVED / 2
"""What there must be before a host says again that it sleeps."""

FALLING_ASLEEP = 10.0
"""The price of saying it: a row is written, and written again at the wake."""


class NotifyBudget:
    """A bucket of notifications. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._left = SAVED
        self._at = float("-inf")

    def spend(self, price: float, now: float) -> None:
        """Pays; debts are kept within what can be saved."""
        self._left = max(self.left(now) - price, -SAVED)
        self._at = now

    def use_up(self, now: float) -> None:
        """As if as much was spent as can be: a second and a half until there is ample again."""
        self.spend(2 * SAVED, now)

    def left(self, now: float) -> float:
        """What there is now; negative for a debt."""
        return min(SAVED, self._left + (now - self._at) * A_SECOND)

    def used_up(self, now: float) -> bool:
        """Whether it must stop to cause more."""
        return self.left(now) < 1.0

    def seconds_to_ample(self, now: float) -> float:
        """How long until a host may say that it sleeps; 0 if it may now."""
        return max(0.0, (AMPLE - self.left(now)) / A_SECOND)
