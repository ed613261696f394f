"""Which jobs the demo enqueues, and in which order. Pure: the same number gives the same jobs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

DEADLY: Final = 5

_SEED: Final = 20


@dataclass(frozen=True, slots=True)
class DemoMixture:
    """How many jobs of each kind."""

    quick: int
    slow: int
    _: KW_ONLY
    flaky: int
    hopeless: int
    deadly: int


def mixture(jobs: int) -> DemoMixture:
    """The shares of ``jobs`` jobs, at least 20.

    >>> mixture(10_000)
    DemoMixture(quick=9570, slow=100, flaky=300, hopeless=25, deadly=5)
    """
    slow, flaky, hopeless = max(1, jobs // 100), max(1, jobs * 3 // 100), max(1, jobs // 400)
    return DemoMixture(jobs - slow - flaky - hopeless - DEADLY, slow, flaky=flaky, hopeless=hopeless, deadly=DEADLY)


def payloads(jobs: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Job type and payload of each job, well mixed."""
    dice = random.Random(_SEED)
    counts = mixture(jobs)
    kinds = [
        *["quick"] * counts.quick,
        *["slow"] * counts.slow,
        *["flaky"] * counts.flaky,
        *["hopeless"] * counts.hopeless,
        *["deadly"] * counts.deadly,
    ]
    dice.shuffle(kinds)
    for kind in kinds:
        yield kind, _payload(kind, dice)


def _payload(kind: str, dice: random.Random) -> dict[str, Any]:
    if kind == "quick":
        return {"ms": round(dice.uniform(1, 2), 2)}
    if kind == "slow":
        return {"ms": round(dice.uniform(200, 500))}
    if kind == "flaky":
        return {"failures": dice.choice((1, 2))}
    return {}
