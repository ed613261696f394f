"""When a job whose payload a worker's code refused is tried again: a pure decision, the worker's after a refusal.

Code that takes it may be there already, in another worker, or come with the deployment that is under way: so the first
tries come soon, and the later ones as seldom as the wait has been long.
"""

from __future__ import annotations

from typing import Final

SHORTEST_SECS: Final = 1.0
LONGEST_SECS: Final = 60.0


def next_try(refused_for: float | None, unknown_after: float, share: float) -> float | None:
    """Seconds until the next try of a job that was refused; None: it has failed.

    Between half the time and the time that it has been refused for, from ``SHORTEST_SECS`` to ``LONGEST_SECS``; not
    later than it is to fail, or ``SHORTEST_SECS`` after that.

    Args:
        refused_for: Seconds since the first refusal; None if this is the first.
        unknown_after: Seconds for which a job may be refused; 0: it fails at the first refusal.
        share: Where in its range the delay is to lie, from 0 to 1: another for each job, or thousands of them would
            come as one herd.

    >>> [next_try(since, 600.0, 0.5) for since in (None, 4.0, 40.0, 400.0, 590.0, 600.0)]
    [1.5, 3.0, 30.0, 45.0, 10.0, None]
    """
    since = refused_for or 0.0
    if since >= unknown_after:
        return None
    longest = min(max(since, 2 * SHORTEST_SECS), LONGEST_SECS)
    return min(longest * (0.5 + share / 2), max(unknown_after - since, SHORTEST_SECS))
