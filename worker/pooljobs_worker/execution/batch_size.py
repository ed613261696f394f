"""Decides how many jobs a claim asks for: about a tenth of a second of work. Pure: no clock, no database.

What lies ahead in a queue nobody knows, so the last batch stands for the next one. Where it took longer than it should
the batch size is cut at once, to what would have fitted; it grows at most eightfold with each batch, and only after a
claim that was filled, since a short one says nothing about a larger one. Asked by the executors.
"""

from __future__ import annotations

TARGET = 0.1
"""Seconds that a batch is meant to take: many claims' worth of work, and no long wait for the job at its end."""

GROWTH = 8
"""The most by which it grows at once: from the first batch to the largest in two steps, where twofold took a tenth of a
second. What a larger batch may bring that the last one did not hold, ``rebalance.py`` gives back."""

WINDOW = 0.02
"""Seconds: the shortest time over which ``ThroughputSampler`` counts."""


class AdaptiveBatchSize:
    """One worker's. It is fixed where it was told not to adapt.

    Attributes:
        size: Jobs to claim, at least 1.
    """

    def __init__(self, first: int, most: int, *, adaptive: bool) -> None:
        self.size = first
        self._most = max(first, most)
        self._adaptive = adaptive

    def limit(self, free: int) -> int:
        """Jobs to claim where ``free`` could begin at once: these at least, unless it is fixed."""
        return min(max(self.size, free), self._most) if self._adaptive else self.size

    @property
    def low_water(self) -> int:
        """Jobs that may still wait to begin when the next ones are claimed, where several run at a time.

        0 with the smallest batch, and where it is fixed: then nothing is claimed that cannot begin at once.
        """
        return self.size // 2 if self._adaptive else 0

    def observe(self, jobs: int, seconds: float, *, full: bool) -> None:
        """Takes in that ``jobs`` took so many seconds, and whether the claim brought all that was asked for."""
        if not self._adaptive or jobs < 1:
            return
        most = min(self.size * GROWTH, self._most) if full else self.size
        self.size = most if most * seconds <= TARGET * jobs else max(1, int(TARGET * jobs / seconds))

    def reset(self) -> None:
        """Back to one job: what was claimed did not get its turn."""
        if self._adaptive:
            self.size = 1


class ThroughputSampler:
    """Makes samples for ``AdaptiveBatchSize.observe`` of a running count of jobs that ended, where batches overlap."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._ended = 0

    def sample(self, now: float, ended: int, *, idle_since: float | None) -> tuple[int, float]:
        """Jobs that ended since the last sample, and the seconds; (0, 0.0) while there is none.

        ``idle_since``: when the last job ended, where none is under way just now: the time from there on does not
        count, and there is nothing to wait for that would make the sample a better one.
        """
        jobs, since = ended - self._ended, self._since
        if since is not None and idle_since is None and (not jobs or now - since < WINDOW):
            return 0, 0.0
        self._since, self._ended = now, ended
        if since is None or not jobs:
            return 0, 0.0
        return jobs, (now if idle_since is None else idle_since) - since
