"""How long a handler may run: what ``@app.job(time_limit=…)`` says, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pooljobs.errors import DeclarationError
from pooljobs.job.retry import LONGEST_DELAY_SECS

GRACE_SECS: Final = 5.0
"""Seconds from the soft limit to the hard one, where only one number was given; and from a cancellation to the kill."""

SHORTEST_SECS: Final = 0.001


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Limits to one run of a handler, each in seconds or as a timedelta; None for none.

    ``TimeLimit()`` means no limit at all, also where ``pooljobs serve --time-limit`` sets one for all handlers.

    Attributes:
        soft: When ``TimeLimitExceeded`` is raised in the handler. Default None.
        hard: When the worker process is killed, later than ``soft``. Default None.

    Raises:
        DeclarationError: A limit is not between a millisecond and a century, or hard is not later than soft.
    """

    soft: float | timedelta | None = None
    hard: float | timedelta | None = None

    def __post_init__(self) -> None:
        soft, hard = self.soft_ns, self.hard_ns  # checks both
        if 0 < hard <= soft:
            raise DeclarationError(f"the hard time limit ({self.hard}) must be longer than the soft one ({self.soft})")

    @property
    def soft_ns(self) -> int:
        """The soft limit in nanoseconds; 0 for none."""
        return _nanoseconds("soft", self.soft)

    @property
    def hard_ns(self) -> int:
        """The hard limit in nanoseconds; 0 for none."""
        return _nanoseconds("hard", self.hard)

    @classmethod
    def of(cls, given: float | timedelta | TimeLimit | None) -> TimeLimit | None:
        """What a declaration means: a number, or a timedelta, is the soft limit, and hard is ``GRACE_SECS`` later.

        None leaves it to ``serve``; 0 means no limit.

        Raises:
            DeclarationError: It is nothing of these, or out of range.
        """
        if given is None or isinstance(given, TimeLimit):
            return given
        secs = _seconds("time_limit", given)
        return cls() if secs == 0 else cls(soft=secs, hard=secs + GRACE_SECS)


def _nanoseconds(what: str, limit: float | timedelta | None) -> int:
    if limit is None:
        return 0
    secs = _seconds(what, limit)
    if not SHORTEST_SECS <= secs <= LONGEST_DELAY_SECS:
        raise DeclarationError(f"the {what} time limit must be between a millisecond and a century, not {limit!r}")
    return int(secs * 1e9)


def _seconds(what: str, limit: object) -> float:
    secs = limit.total_seconds() if isinstance(limit, timedelta) else limit
    if isinstance(secs, bool) or not isinstance(secs, int | float):
        raise DeclarationError(f"{what} must be a number of seconds or a timedelta, not {limit!r}")
    return float(secs)
