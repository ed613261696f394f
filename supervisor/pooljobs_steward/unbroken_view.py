"""For how long a steward has seen the database without a break, by the database's own clock. Pure.

Leases are times in rows. After an outage they are all past, and the first steward that is back would declare everybody
dead who is about to renew his own: a server that was promoted late, a machine that was suspended, a clock that was set.
So who comes back waits before it judges.
"""

from __future__ import annotations

from typing import Final

LONGEST_GAP: Final = 10.0
"""Seconds between two looks that are a break, whatever the own lease is: others' may be shorter."""


class UnbrokenView:
    """One steward's. Times are seconds of the database's clock; they are compared with each other alone."""

    def __init__(self, job_timeout: float) -> None:
        """A lease is renewed when a third of it has passed, so a gap of less than half of one costs nobody his."""
        self._longest_gap = min(job_timeout / 2, LONGEST_GAP)
        self._since: float | None = None
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """From the first look since the last break to the last one; 0.0 before there was any."""
        return 0.0 if self._since is None else self._last - self._since

    def looked(self, at: float) -> bool:
        """The database answered, and this was its time; whether this is the first look, or the first after a break."""
        broken = self._since is None or not 0.0 <= at - self._last <= self._longest_gap
        if broken:
            self._since = at
        self._last = at
        return broken

    def interrupted(self) -> None:
        """The database did not answer."""
        self._since = None
