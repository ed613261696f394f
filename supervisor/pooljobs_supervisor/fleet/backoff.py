"""How long a position stays empty after a child of it did not come up. Pure; used by ``children.py`` and zygotes'
books.

Only failed starts count: of a child that was READY, whatever it died of says nothing about the next start. How often
those are replaced is bounded for the whole fleet, by ``fork_budget.py``.
"""

from __future__ import annotations

FIRST_WAIT = 0.1
LONGEST_WAIT = 30.0
"""Seconds."""

_LAST_DOUBLING = 9  # 0.1 s · 2^9 passes the longest wait


def wait_before_respawn(failed_starts: int) -> float:
    """Seconds to wait after the n-th failed start in a row: none at first, then doubling.

    >>> [wait_before_respawn(starts) for starts in (0, 1, 2, 3, 4, 10)]
    [0.0, 0.0, 0.1, 0.2, 0.4, 25.6]
    >>> wait_before_respawn(11), wait_before_respawn(10**9)
    (30.0, 30.0)
    """
    if failed_starts <= 1:
        return 0.0
    return float(min(FIRST_WAIT * 2 ** min(failed_starts - 2, _LAST_DOUBLING), LONGEST_WAIT))


def failed_starts(before: int, *, came_up: bool) -> int:
    """Count an end on top of ``before`` failed starts in a row.

    >>> failed_starts(4, came_up=False), failed_starts(4, came_up=True)
    (5, 0)
    """
    return 0 if came_up else before + 1
