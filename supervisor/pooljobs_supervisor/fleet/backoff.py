"""How long a place stays empty after its child died. Pure; used by ``children.py``."""

from __future__ import annotations

FIRST_WAIT = 0.1
LONGEST_WAIT = 30.0
LONG_LIFE = 30.0
"""Seconds. A child that lived this long was no failure to start: its death counts as the first again."""

_LAST_DOUBLING = 9  # 0.1 s · 2^9 passes the longest wait


def wait_before_respawn(deaths: int) -> float:
    """Seconds to wait after the n-th death in a row: none at first, then doubling.

    >>> [wait_before_respawn(deaths) for deaths in (0, 1, 2, 3, 4, 10)]
    [0.0, 0.0, 0.1, 0.2, 0.4, 25.6]
    >>> wait_before_respawn(11), wait_before_respawn(10**9)
    (30.0, 30.0)
    """
    if deaths <= 1:
        return 0.0
    return float(min(FIRST_WAIT * 2 ** min(deaths - 2, _LAST_DOUBLING), LONGEST_WAIT))


def deaths_in_a_row(before: int, lived: float) -> int:
    """Count a death after ``lived`` seconds on top of ``before`` earlier ones.

    >>> deaths_in_a_row(4, lived=0.5), deaths_in_a_row(4, lived=30.0)
    (5, 1)
    """
    return 1 if lived >= LONG_LIFE else before + 1
