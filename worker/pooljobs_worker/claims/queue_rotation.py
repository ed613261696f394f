"""Decides which queue a claim begins with, by weight. Pure; used by the lanes.

Each queue is owed its share of the turns. Of those that have had less than their share by the end of this turn, the one
goes first that has to come soonest if it is never to fall a whole turn behind: after any number of turns every queue
has had its share, give or take less than one, and none waits longer than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class QueueRotation:
    """The turns of one worker's queues. With equal weights they begin one after the other."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._total = sum(weights.values())
        self._had = dict.fromkeys(weights, 0)
        self._turn = 0

    def next(self) -> Sequence[str]:
        """All queues: the one whose turn it is, then the others, what is owed most first."""
        self._turn += 1
        owed = {name: self._turn * weight - self._had[name] * self._total for name, weight in self._weights.items()}
        first = min((name for name in owed if owed[name] > 0), key=lambda name: (self._due(name), -owed[name]))
        self._had[first] += 1
        if self._turn == self._total:  # all are even again
            self._turn, self._had = 0, dict.fromkeys(self._had, 0)
        return [first, *sorted((name for name in owed if name != first), key=lambda name: -owed[name])]

    def _due(self, name: str) -> int:
        """The turn by which this queue's next must have come."""
        return -(-(self._had[name] + 1) * self._total // self._weights[name])
