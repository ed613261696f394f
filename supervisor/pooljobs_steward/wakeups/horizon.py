"""Decides from which due time on a host looks for work. Pure: no clock, no database. Asked by the wake policy.

As long as a look at everything is cheap, each is one. It is dear while an old snapshot keeps vacuum from its work,
since every job that has ended is a dead entry in front of those to come, and where many jobs are not for this host.
Then looks begin where the last one ended, and a full one comes when its cost allows: what appears further back (a
commit that comes late, a job that was given back) is found by that.
"""

from __future__ import annotations

from typing import Final

DEAR: Final = 0.001
"""Seconds: a full look that takes longer is not done again without need."""

COST_FACTOR: Final = 200.0
"""A full look comes this many times its cost after the last one, as far as ``LONGEST``. Workers are woken by what is
told of; this finds what nobody tells of."""

LONGEST: Final = 30.0
"""Seconds: the longest that one has to wait."""


class Horizon:
    """Times are seconds of one monotonic clock, but for ``since``, which is the server's, as it writes it.

    Attributes:
        full_at: When the next full look may be.
    """

    def __init__(self) -> None:
        self.full_at = 0.0
        self._since: str | None = None

    def since(self, now: float) -> str | None:
        """The due time to look from, None for a full look."""
        return None if now >= self.full_at else self._since

    def looked(self, since: str | None, took: float, now: float, *, full: bool) -> None:
        """A look is done, after ``took`` seconds. Those that follow may begin at ``since``."""
        self._since = since
        if full:
            self.full_at = now + (min(took * COST_FACTOR, LONGEST) if took > DEAR else 0.0)
