"""Decides which lanes a claim visits and where each scan starts. Pure: no clock, no database.

A lane is one priority level of one queue. Most claims visit only the lanes that are known to hold jobs, each from its
floor: the smallest key of the last batch taken there, so that the scan starts past the dead index entries that claims
leave behind until vacuum. Rows can appear behind a floor (a late commit, a retry, a release) or in a lane not known
(a new priority), so a *sweep* of all lanes of a queue from their very start runs again and again: at the first short
claim after full ones, and otherwise after an interval that follows the sweep's own measured cost. That cost grows while
an old snapshot keeps vacuum from its work: every job that has ended since is a dead entry which a sweep passes.

A claim is filled from the first lanes that hold enough, so which queue is the first decides who is served: they take
turns (``turns.py``). A queue's sweep is due until a claim has got as far as that queue, if need be in its next turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pooljobs_worker.claims.turns import Turns

LEVELS = range(-4, 5)
"""Priorities, smaller first: the range of the table's CHECK."""

SWEEP_COST_FACTOR = 20.0
"""A sweep is due again after this many times what the last one took."""

SWEEP_SHORTEST, SWEEP_LONGEST = 0.05, 5.0
"""Seconds: bounds of the interval between sweeps, and so of how long a job behind a floor can be passed over."""

SWEEP_BURDENED = 60.0
"""The bound in place of ``SWEEP_LONGEST`` while sweeps take so long that they would be a burden at that pace."""

SHORT_CLAIM_FACTOR = 4.0
"""A short claim has a sweep at once; but if that takes more than ``SWEEP_SHORTEST``, only this many times its own cost
after the last one."""

Lane = tuple[str, int]
Floor = tuple[bytes, bytes]
"""``run_at`` and ``id`` as the server sends them: 8 and 16 raw bytes."""

Visit = tuple[str, int | None]
"""A lane, or with None all lanes of a queue."""

START: Floor = (b"\x80" + bytes(7), bytes(16))
"""The floor before every key: minus infinity, and no bit set."""


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
        self._affordable_at = float("-inf")
        self._took = SWEEP_LONGEST / SWEEP_COST_FACTOR
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
        if swept:
            self._sweep_at |= dict.fromkeys(swept, now + self._interval(took, len(swept)))
            self._affordable_at = now + (took * SHORT_CLAIM_FACTOR if took > SWEEP_SHORTEST else 0.0)
        if not full:
            for queue in plan.swept:
                self._floors.pop(queue, None)
        for (queue, level), floor in found.items():
            self._floors.setdefault(queue, {})[level] = floor
        if not full and self._full and len(plan.swept) < len(self._sweep_at):
            soon = max(now, self._affordable_at)
            self._sweep_at = {queue: min(at, soon) for queue, at in self._sweep_at.items()}
        self._full = full

    def _interval(self, took: float, swept: int) -> float:
        """Seconds until the queues that were swept just now are swept again.

        Where queues are swept one by one, each waits for the others' sweeps too. A sweep counts as no more than twice
        what the one before took: one that waited for the disk or the network says nothing about the next.
        """
        self._took, counted = took, min(took, 2 * self._took)
        longest = min(max(SWEEP_LONGEST, counted * SWEEP_COST_FACTOR), SWEEP_BURDENED)
        return min(max(counted * SWEEP_COST_FACTOR * len(self._sweep_at) / swept, SWEEP_SHORTEST), longest)

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
