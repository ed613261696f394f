"""Decides when a suspect runs: alone. Pure: jobs and times in, jobs to start or to give back out. For the executors
that run several jobs at a time.

A suspect is a job that ran when its process died. It begins when nothing else of this worker runs, and nothing begins
beside it. The others of its batch go first, so none of them waits for it; while it waits, the worker claims nothing
new, or it might wait for ever.

Where its neighbours take longer than the worker's patience it is given back, for another worker or a better moment,
and the worker claims again meanwhile. Each time the patience doubles, so that it begins at last whatever the others
take, and the worker is held up for no more than a third of the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from pooljobs_worker.claims.claimed_job import ClaimedJob

FIRST_PATIENCE = 1.0
"""Seconds."""

ABSENCE = 4.0
"""How long a suspect that was given back stays away, in patiences."""


@dataclass(slots=True, kw_only=True)
class SuspectIsolation:
    """Knows what was started and what waits. Times are monotonic seconds; the caller holds a lock."""

    others: int = 0
    """Ordinary jobs that were started and have not ended."""
    alone: ClaimedJob | None = None
    """The suspect that runs."""
    patience: float = FIRST_PATIENCE
    _suspects: deque[ClaimedJob] = field(default_factory=deque)
    _late: list[ClaimedJob] = field(default_factory=list)
    _since: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether no new jobs should be claimed: a suspect waits or runs."""
        return self.alone is not None or bool(self._suspects)

    @property
    def suspects(self) -> tuple[ClaimedJob, ...]:
        """Those that wait."""
        return tuple(self._suspects)

    def take(self, jobs: Sequence[ClaimedJob], now: float) -> Sequence[ClaimedJob]:
        """Takes a claimed batch; what is to be started of it now."""
        ordinary = jobs
        if suspects := [job for job in jobs if job.suspect]:
            ordinary = [job for job in jobs if not job.suspect]
            if not self.closed:
                self._since = now
            self._suspects.extend(suspects)
        self._late.extend(ordinary)
        return self._next(now)

    def ended(self, job: ClaimedJob, now: float) -> Sequence[ClaimedJob]:
        """A started job has ended; what is to be started now."""
        if job is self.alone:
            self.alone, self._since = None, now
        else:
            self.others -= 1
        return self._next(now)

    def give_back(self, now: float, *, at_once: bool = False) -> tuple[Sequence[ClaimedJob], float]:
        """Suspects that waited too long to begin (``at_once``: any), and the seconds that they are to stay away."""
        if not self._suspects or not (at_once or now - self._since >= self.patience):
            return (), 0.0
        back, away = tuple(self._suspects), ABSENCE * self.patience
        self._suspects.clear()
        self.patience *= 2
        return back, away

    def _next(self, now: float) -> Sequence[ClaimedJob]:
        if self.alone is not None:
            return ()
        if self._late:
            late, self._late = self._late, []
            self.others += len(late)
            return late
        if self.others or not self._suspects:
            return ()
        self.alone, self._since, self.patience = self._suspects.popleft(), now, FIRST_PATIENCE
        return (self.alone,)
