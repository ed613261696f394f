"""Decides which lanes a claim visits and where each scan starts. Pure: no clock, no database.

A lane is one priority level of one queue. Most claims visit only the lanes that are known to hold jobs, each from its
floor: the smallest key of the last batch taken there, so that the scan starts past the dead index entries that claims
leave behind until vacuum. Rows can appear behind a floor (a late commit, a retry, a release) or in a lane not known
(a new priority), so a *sweep* of every lane from its very start runs again and again: at the first short claim after
full ones, and otherwise after an interval that follows the sweep's own measured cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

LEVELS = range(-4, 5)
"""Priorities, smaller first: the range of the table's CHECK."""

SWEEP_COST_FACTOR = 20.0
"""A sweep is due again after this many times what the last one took."""

SWEEP_SHORTEST, SWEEP_LONGEST = 0.05, 5.0
"""Seconds: bounds of the interval between sweeps, and so of how long a job behind a floor can be passed over."""

Lane = tuple[str, int]
Floor = tuple[str, str]

START: Floor = ("-infinity", str(UUID(int=0)))
"""The floor before every key."""


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """The lanes to visit, in order, with their floors."""

    lanes: list[Lane]
    floors: list[Floor]
    sweep: bool


class Lanes:
    """The floors of one worker's queues. Times are seconds of one monotonic clock, passed in."""

    def __init__(self, queues: Sequence[str]) -> None:
        self._queues = list(queues)
        self._turn = 0
        self._floors: dict[Lane, Floor] = {}
        self._sweep_at = float("-inf")
        self._full = True

    def plan(self, now: float) -> ClaimPlan:
        """What the next claim visits. Queues take turns at being first, so that none starves."""
        sweep = not self._floors or now >= self._sweep_at
        order = self._queues[self._turn :] + self._queues[: self._turn]
        self._turn = (self._turn + 1) % len(self._queues)
        if sweep:
            lanes = [(queue, level) for queue in order for level in LEVELS]
            return ClaimPlan(lanes, [START] * len(lanes), sweep=True)
        lanes = sorted(self._floors, key=lambda lane: (order.index(lane[0]), lane[1]))
        return ClaimPlan(lanes, [self._floors[lane] for lane in lanes], sweep=False)

    def learn(
        self, plan: ClaimPlan, floors: Iterable[tuple[Lane, Floor]], *, full: bool, took: float, now: float
    ) -> None:
        """Takes in what a claim found: each lane's smallest key, whether it was full, its cost in seconds."""
        found = dict(floors)
        if plan.sweep:
            self._floors = dict(found) if not full else self._floors | found
            self._sweep_at = now + min(max(took * SWEEP_COST_FACTOR, SWEEP_SHORTEST), SWEEP_LONGEST)
        else:
            self._floors |= found
            if not full and self._full:
                self._sweep_at = now
        self._full = full

    def forget(self) -> None:
        """Makes the next claim a sweep: after a wake, or when rows were put back behind the floors."""
        self._sweep_at = float("-inf")

    def seconds_to_sweep(self, now: float) -> float | None:
        """How long until a sweep is due; None when the last one found every lane empty."""
        return max(0.0, self._sweep_at - now) if self._floors else None
