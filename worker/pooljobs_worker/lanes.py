"""Decides which lanes a claim visits and where each scan starts. Pure: no clock, no database.

A lane is one priority level of one queue. Most claims visit only the lanes that are known to hold jobs, each from its
floor: the smallest key of the last batch taken there, so that the scan starts past the dead index entries that claims
leave behind until vacuum. Rows can appear behind a floor (a late commit, a retry, a release) or in a lane not known
(a new priority), so a *sweep* of all lanes of a queue from their very start runs again and again: at the first short
claim after full ones, and otherwise after an interval that follows the sweep's own measured cost.

A claim is filled from the first lanes that hold enough, so which queue is the first decides who is served: they take
turns (``turns.py``). A queue's sweep is due until a claim has got as far as that queue, if need be in its next turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from pooljobs_worker.turns import Turns

LEVELS = range(-4, 5)
"""Priorities, smaller first: the range of the table's CHECK."""

SWEEP_COST_FACTOR = 20.0
"""A sweep is due again after this many times what the last one took."""

SWEEP_SHORTEST, SWEEP_LONGEST = 0.05, 5.0
"""Seconds: bounds of the interval between sweeps, and so of how long a job behind a floor can be passed over."""

Lane = tuple[str, int]
Floor = tuple[str, str]
Visit = tuple[str, int | None]
"""A lane, or with None all lanes of a queue."""

START: Floor = ("-infinity", str(UUID(int=0)))
"""The floor before every key."""


@dataclass(frozen=True, slots=True)
class ClaimPlan:
    """The lanes to visit, in order, with their floors.

    Attributes:
        visits: Known lanes each by itself; a queue that is swept is one entry, for all its lanes from their start.
        swept: The queues of which every lane is visited from its start, in order.
    """

    visits: list[Visit]
    floors: list[Floor]
    swept: list[str]

    @property
    def sweep(self) -> bool:
        """Whether any queue is swept."""
        return bool(self.swept)


class Lanes:
    """The floors of one worker's queues. Times are seconds of one monotonic clock, passed in."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._turns = Turns(weights)
        self._floors: dict[str, dict[int, Floor]] = {}
        self._sweep_at = dict.fromkeys(weights, float("-inf"))
        self._full = True

    def plan(self, now: float) -> ClaimPlan:
        """What the next claim visits, beginning with the queue whose turn it is."""
        visits: list[Visit] = []
        floors: list[Floor] = []
        swept: list[str] = []
        for queue in self._turns.next():
            if not self._floors or now >= self._sweep_at[queue]:
                swept.append(queue)
                visits.append((queue, None))
                floors.append(START)
            elif known := self._floors.get(queue):
                for level in sorted(known):
                    visits.append((queue, level))
                    floors.append(known[level])
        return ClaimPlan(visits, floors, swept)

    def learn(
        self, plan: ClaimPlan, floors: Iterable[tuple[Lane, Floor]], *, full: bool, took: float, now: float
    ) -> None:
        """Takes in what a claim found: each lane's smallest key, whether it was full, its cost in seconds."""
        found = dict(floors)
        swept = self._reached(plan, found) if full else plan.swept
        if swept:  # where queues are swept one by one, each waits for the others' sweeps too
            cost = took * SWEEP_COST_FACTOR * len(self._sweep_at) / len(swept)
            self._sweep_at |= dict.fromkeys(swept, now + min(max(cost, SWEEP_SHORTEST), SWEEP_LONGEST))
        if not full:
            for queue in plan.swept:
                self._floors.pop(queue, None)
        for (queue, level), floor in found.items():
            self._floors.setdefault(queue, {})[level] = floor
        if not full and self._full and len(plan.swept) < len(self._sweep_at):
            self.forget()
        self._full = full

    def _reached(self, plan: ClaimPlan, found: Iterable[Lane]) -> list[str]:
        """The swept queues that a claim got to before it was full: up to the last one that gave a job."""
        gave = {queue for queue, _ in found}
        last = max((place for place, (queue, _) in enumerate(plan.visits) if queue in gave), default=-1)
        return [queue for queue, level in plan.visits[: last + 1] if level is None]

    def forget(self) -> None:
        """Makes the next claim a sweep: after a wake, or when rows were put back behind the floors."""
        self._sweep_at = dict.fromkeys(self._sweep_at, float("-inf"))

    def seconds_to_sweep(self, now: float) -> float | None:
        """How long until a sweep is due; None when the last one found every lane empty."""
        return max(0.0, min(self._sweep_at.values()) - now) if self._floors else None
