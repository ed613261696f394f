"""Decides which lanes a claim visits and where each scan starts. Pure: no clock, no database.

A lane is one priority level of one queue. Most claims visit only the lanes that are known to hold jobs, each from its
floor: the smallest key of the last batch taken there, so that the scan starts past the dead index entries that claims
leave behind until vacuum. Rows can appear behind a floor (a late commit, a retry, a release) or in a lane not known
(a new priority), so a *sweep* of all lanes of a queue from their very start runs again and again: after an interval
that follows the sweep's own measured cost, and, as long as sweeps are cheap, at the first short claim after full ones
and after a wake.

Sweeps become dear while an old snapshot keeps vacuum from its work (every job that has ended since is a dead entry
which a sweep passes), or where many jobs at the head of a queue are not for this worker. A claim that was short has
gone through its lanes to what is due now; if that took long, it is not done again: the floors move to that time, less
``MARGIN``, in all of its lanes, known or not. A new job is found at once then, whatever its priority. One that appears
behind the floors, further back than the margin, waits for a sweep: ``SWEEP_COST_FACTOR`` times its cost if the worker
is woken for it, else ``RARELY`` times as long if that is much, or the bounds below. What a worker of this host had, and
has come back, is swept for at once: the scoreboard tells when. To a worker far from its server all claims look dear; it
goes by its floors then.

A claim is filled from the first lanes that hold enough, so which queue is the first decides who is served: they take
turns (``queue_rotation.py``). A queue's sweep is due until a claim has got as far as that queue, if need be in its next
turn.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from pooljobs_worker.claims.queue_rotation import QueueRotation

LEVELS = range(-4, 5)
"""Priorities, smaller first: the range of the table's CHECK."""

SWEEP_COST_FACTOR = 20.0
"""A sweep is due again after this many times what the last one took."""

SWEEP_SHORTEST, SWEEP_LONGEST = 0.05, 5.0
"""Seconds: bounds of the interval between sweeps, and so of how long a job behind a floor can be passed over."""

SWEEP_BURDENED = 60.0
"""The bound in place of ``SWEEP_LONGEST`` while sweeps take so long that they would be a burden at that pace."""

DEAR = 0.001
"""Seconds: what takes longer, beyond ``A_JOB`` for each job that it found and ``A_LOOK`` for each look, is not done
again without need."""

A_JOB = 20e-6
"""Seconds that a claim may take for each of its jobs, on both sides."""

A_LOOK = 20e-6
"""Seconds that it may take for each of its looks."""

RARE_FROM = 0.01
"""Seconds: a sweep that takes longer, beyond what its jobs and queues take, comes at its interval only if the worker is
woken; else ``RARELY`` times later, as far as ``RARE_LONGEST`` while there is work, and ``SWEEP_BURDENED`` while there
is none: who idles is woken, and its steward looks for it. A host that idles beside a hundred thousand jobs of others
hardly notices them then."""

A_QUEUE = 0.0005
"""Seconds that a sweep may take for each queue: nine lanes, with nothing in them."""

RARELY, RARE_LONGEST = 50.0, 10.0

MARGIN = 1.0
"""Seconds: a transaction that commits this long after its beginning is no late one yet."""

Lane = tuple[str, int]
Floor = tuple[bytes, bytes]
"""``run_at`` and ``id`` as the server sends them: 8 and 16 raw bytes."""

Visit = tuple[str, int | None]
"""A lane, or with None all lanes of a queue."""

START: Floor = (b"\x80" + bytes(7), bytes(16))
"""The floor before every key: minus infinity, and no bit set."""


def passed_by(at: bytes) -> Floor:
    """The floor of a lane whose due jobs were all taken or passed over at this time of the server's."""
    return (int.from_bytes(at, signed=True) - int(MARGIN * 1e6)).to_bytes(8, signed=True), bytes(16)


def _key(floor: Floor) -> tuple[int, bytes]:
    return int.from_bytes(floor[0], signed=True), floor[1]


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def may_take(self, jobs: int) -> float:
        """Seconds, of a claim that found so many jobs, beyond which it was dear. A queue that is visited from a floor
        takes a look at each of its levels.
        """
        visits = zip(self.visits, self.floors, strict=True)
        looks = sum(len(LEVELS) if level is None and floor != START else 1 for (_, level), floor in visits)
        return DEAR + jobs * A_JOB + looks * A_LOOK


class Lanes:
    """The floors of one worker's queues. Times are seconds of one monotonic clock, passed in."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._rotation = QueueRotation(weights)
        self._floors: dict[str, dict[int, Floor]] = {}
        self._sweep_at = dict.fromkeys(weights, float("-inf"))
        self._affordable_at = float("-inf")
        self._at_work_by = float("inf")
        self._took = DEAR / 2
        self._dear = False
        self._full = True
        self._all_empty = False

    def without(self, queues: Container[str]) -> Lanes | None:
        """Those of the other queues, with nothing learned yet: all are swept first. None if no queue is left."""
        left = {queue: weight for queue, weight in self._weights.items() if queue not in queues}
        return Lanes(left) if left else None

    def plan(self, now: float) -> ClaimPlan:
        """What the next claim visits, beginning with the queue whose turn it is."""
        visits: list[Visit] = []
        floors: list[Floor] = []
        swept: list[str] = []
        for queue in self._rotation.next():
            if not self._floors or now >= self._sweep_at[queue]:
                swept.append(queue)
                visits.append((queue, None))
                floors.append(START)
            elif known := self._floors.get(queue):
                for level, floor in _visits(known):
                    visits.append((queue, level))
                    floors.append(floor)
        return ClaimPlan(visits=visits, floors=floors, swept=swept)

    def learn(
        self,
        plan: ClaimPlan,
        floors: Iterable[tuple[Lane, Floor]],
        *,
        jobs: int,
        full: bool,
        took: float,
        now: float,
        at: bytes,
    ) -> None:
        """Takes in what a claim found: each lane's smallest key, how many jobs, whether it was full, its seconds.

        ``at`` is the time of the claim's snapshot, as the server sends it.
        """
        found, may_take = dict(floors), plan.may_take(jobs)
        if swept := self._reached(plan, found) if full else plan.swept:
            counted = self._counted(took)
            self._dear = counted > may_take
            interval = self._interval(counted, len(swept))
            self._affordable_at = now + interval
            if counted - jobs * A_JOB - len(plan.swept) * A_QUEUE > RARE_FROM:
                self._at_work_by = now + max(interval, min(interval * RARELY, RARE_LONGEST))
                interval = max(interval, min(interval * RARELY, SWEEP_BURDENED))
            self._sweep_at |= dict.fromkeys(swept, now + interval)
        if jobs and self._at_work_by < float("inf"):
            self._sweep_at = {queue: min(due, self._at_work_by) for queue, due in self._sweep_at.items()}
            self._at_work_by = float("inf")
        if full:
            self._all_empty = False
        else:
            self._pass_over(plan, found, passed_by(at) if took > may_take else None)
        for (queue, level), floor in found.items():
            self._floors.setdefault(queue, {})[level] = floor
        if not full and self._full and len(plan.swept) < len(self._sweep_at) and not self._dear:
            self._sweep_at = {queue: min(at, now) for queue, at in self._sweep_at.items()}
        self._full = full

    def _pass_over(self, plan: ClaimPlan, found: dict[Lane, Floor], passed: Floor | None) -> None:
        """After a short claim: lanes that are cheap to look through are forgotten, of others the floors move on."""
        if found or len(plan.swept) == len(self._sweep_at):
            self._all_empty = not found
        if passed is None:
            for queue in plan.swept:
                self._floors.pop(queue, None)
            return
        for (queue, visited), floor in zip(plan.visits, plan.floors, strict=True):
            for level in LEVELS if visited is None else (visited,):
                reached = max(floor, found.pop((queue, level), floor), passed, key=_key)
                self._floors.setdefault(queue, {})[level] = reached

    def _counted(self, took: float) -> float:
        """What a sweep took, but no more than twice what the one before did.

        One that waited for the disk or the network says nothing about the next, nor does a worker's first, which has
        the statement prepared and the tables opened.
        """
        self._took, counted = took, min(took, 2 * self._took)
        return counted

    def _interval(self, counted: float, swept: int) -> float:
        """Seconds until the queues that were swept just now are swept again.

        Where queues are swept one by one, each waits for the others' sweeps too.
        """
        longest = min(max(SWEEP_LONGEST, counted * SWEEP_COST_FACTOR), SWEEP_BURDENED)
        return min(max(counted * SWEEP_COST_FACTOR * len(self._sweep_at) / swept, SWEEP_SHORTEST), longest)

    def _reached(self, plan: ClaimPlan, found: Iterable[Lane]) -> list[str]:
        """The swept queues that a claim got to before it was full: up to the last one that gave a job."""
        gave = {queue for queue, _ in found}
        last = max((place for place, (queue, _) in enumerate(plan.visits) if queue in gave), default=-1)
        return [queue for queue, _ in plan.visits[: last + 1] if queue in plan.swept]

    def forget(self, *, behind: bool = False) -> None:
        """Makes the next claim a sweep: after a wake, or when jobs are known to have come back behind the floors.

        Where sweeps are dear, and nothing is known to be ``behind`` the floors, it comes as soon as the last one is
        paid for; until then claims go on from their floors.
        """
        self._all_empty = False
        soonest = float("-inf") if behind or not self._dear else self._affordable_at
        self._sweep_at = {queue: min(at, soonest) for queue, at in self._sweep_at.items()}

    def seconds_to_sweep(self, now: float) -> float | None:
        """How long until a sweep is due; None when the last one found every lane empty, and nothing has been heard."""
        return None if self._all_empty else max(0.0, min(self._sweep_at.values()) - now)


def _visits(known: Mapping[int, Floor]) -> Iterable[tuple[int | None, Floor]]:
    """The levels of one queue in order, each with its floor; all as one where they have the same."""
    if len(known) == len(LEVELS) and len(set(known.values())) == 1:
        return [(None, known[0])]
    return sorted(known.items())
