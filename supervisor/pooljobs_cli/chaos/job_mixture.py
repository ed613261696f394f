"""Which jobs are enqueued, and in what kind of transaction. Pure: the same dice give the same jobs."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, Final


class Fate(Enum):
    """What a producer does with its transaction."""

    COMMIT = "commit"
    ROLL_BACK = "roll back"
    COMMIT_LATE = "commit late"


_SLOW_SECONDS: Final = 1.1
_SLOW_SHARE: Final = 0.25
"""Of the fleet's time, how much slow jobs may take."""

_DEADLY_A_SECOND: Final = 0.3
_EXACT_A_SECOND: Final = 20.0
_AT_ONCE: Final = 0.9
"""Of the quick jobs, how many do nothing at all."""

_UNIQUE: Final = 0.3
_KEYS: Final = 5
"""Of the transactions, how many have a unique job as well; and how many keys these have, so that they meet."""

_RELEASED_SHARE: Final = 0.06
"""Of all jobs, how many are of types on which releases differ, where these are deployed."""

_RELEASED: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    ("field_more", {}),
    ("field_more", {"gift": True}),
    ("field_less", {}),
    ("field_less", {"colour": "green"}),
    *((name, {}) for name in ("only_old", "only_new", "old_name", "new_name")),
)
"""What both releases enqueue, and what they add to the payload."""


@dataclass(frozen=True, slots=True)
class JobMixture:
    """The share of each kind of job; the rest is quick.

    Attributes:
        unique: Of the transactions, how many enqueue a unique job as well.
    """

    slow: float
    flaky: float
    _: KW_ONLY
    hopeless: float
    deadly: float
    exact: float
    poison: float = 0.0
    released: float = 0.0
    unique: float = 0.0
    slow_ms: tuple[float, float] = (200, 2000)

    def draw(self, dice: random.Random) -> tuple[str, dict[str, Any]]:
        """Job type and payload of one job."""
        names = ("slow", "flaky", "hopeless", "deadly", "exact", "poison", "released")
        shares = (self.slow, self.flaky, self.hopeless, self.deadly, self.exact, self.poison, self.released)
        point = dice.random()
        for name, share in zip(names, shares, strict=True):
            if point < share:
                return _draw_released(dice) if name == "released" else (name, self._payload(name, dice))
            point -= share
        return "quick", self._payload("quick", dice)

    def draw_unique(self, dice: random.Random) -> tuple[str, dict[str, Any]] | None:
        """Key and payload of the unique job that a transaction has as well, if it has one."""
        if dice.random() >= self.unique:
            return None
        return f"key-{dice.randrange(_KEYS)}", {"ms": round(dice.uniform(50, 400))}

    def _payload(self, kind: str, dice: random.Random) -> dict[str, Any]:
        if kind == "quick":
            return {"ms": 0.0 if dice.random() < _AT_ONCE else round(dice.uniform(0.5, 5), 1)}
        if kind == "slow":
            return {"ms": round(dice.uniform(*self.slow_ms))}
        if kind == "flaky":
            return {"failures": dice.choice((1, 2))}
        return {}


def _draw_released(dice: random.Random) -> tuple[str, dict[str, Any]]:
    name, more = dice.choice(_RELEASED)
    return name, {"ms": round(dice.uniform(0, 2), 1), **more}


def mixture(rate: float, workers: int, *, deploying: bool = False) -> JobMixture:
    """The shares at ``rate`` jobs a second: what is slow or deadly comes by time, not by number.

    ``deploying``: among them are jobs on which releases differ.

    >>> usual = mixture(100, 4)
    >>> usual.slow, usual.flaky, usual.hopeless, usual.deadly, usual.exact, usual.poison, usual.released
    (0.00909, 0.04, 0.01, 0.003, 0.05, 0.0, 0.0)
    """
    slow = min(0.5, workers * _SLOW_SHARE / _SLOW_SECONDS / rate)
    exact = min(0.05, _EXACT_A_SECOND / rate)
    deadly, released = min(0.01, _DEADLY_A_SECOND / rate), _RELEASED_SHARE if deploying else 0.0
    return JobMixture(
        round(slow, 5),
        0.04,
        hopeless=0.01,
        deadly=round(deadly, 5),
        exact=round(exact, 5),
        released=released,
        unique=_UNIQUE,
    )


ONLY_SLOW: Final = JobMixture(1.0, 0.0, hopeless=0.0, deadly=0.0, exact=0.0, slow_ms=(2500, 3000))


def draw_fate(dice: random.Random) -> Fate:
    """How the next transaction ends."""
    return dice.choices((Fate.COMMIT, Fate.ROLL_BACK, Fate.COMMIT_LATE), (0.85, 0.1, 0.05))[0]
