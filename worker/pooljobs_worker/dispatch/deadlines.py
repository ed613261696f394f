"""Which job types have time limits in this worker, and the words on the scoreboard while their jobs run.

A job without limits writes nothing. For one that has some, the words are zeroed before its entry can be another's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from pooljobs.application.task import Task
from pooljobs.job.time_limit import TimeLimit
from pooljobs.scoreboard import Slot
from pooljobs_worker.claims.claimed_job import ClaimedJob


class Deadlines:
    """The limits of each job type, in nanoseconds: soft and hard, 0 for none.

    Attributes:
        by_type: Only of types that have one; empty in most workers.
    """

    def __init__(self, slot: Slot, registry: Mapping[str, Task], default_secs: float) -> None:
        self._slot = slot
        self._pid = os.getpid()
        default = TimeLimit.of(default_secs)
        limits = {job_type: _limits(task, default) for job_type, task in registry.items()}
        self.by_type = {name: limit for name, limit in limits.items() if any(limit)}
        slot.shortest_limit_ns = min((ns for limit in self.by_type.values() for ns in limit if ns), default=0)

    def begin(self, job: ClaimedJob, limit: tuple[int, int], started_ns: int) -> None:
        """Notes the deadlines of a job that has just begun."""
        soft_ns, hard_ns = limit
        self._slot.limit(job.entry, soft_ns and started_ns + soft_ns, hard_ns and started_ns + hard_ns)

    def end(self, job: ClaimedJob) -> None:
        """Takes them back. In a child that the handler forked it does nothing: there the parent's job goes on."""
        if os.getpid() == self._pid:
            self._slot.limit(job.entry, 0, 0)


def _limits(task: Task, default: TimeLimit | None) -> tuple[int, int]:
    limit = task.time_limit if task.time_limit is not None else default
    return (0, 0) if limit is None else (limit.soft_ns, limit.hard_ns)
