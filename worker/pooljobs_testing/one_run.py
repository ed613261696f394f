"""One handler run by itself: nothing is stored."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pooljobs.application.app import PoolJobs
from pooljobs.application.task import BoundTask, Task
from pooljobs.db.ids import IdMaker
from pooljobs.job.labels import encoded_tags
from pooljobs.job.new_job import NewJob
from pooljobs.job.verdict import Verdict
from pooljobs.payload.encoding import decode
from pooljobs_testing.handler_runner import Ended
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.job_labels import JobLabels

NOTHING_STORED: Final = b"SELECT 1 WHERE NOT (%(id)s, %(fence)s, %(token)s, %(started_ago)s) IS NULL"
"""Run by ``JobContext.complete_with``: there is no row to complete, and the handler is to go on."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What became of one run.

    Attributes:
        verdict: What a worker would have stored.
        value: What the handler returned; None where it raised.
        error: What it raised; None where it returned, or put its job off.
        delay: Seconds until the next run; None where there is none, or where ``run_at`` tells.
        run_at: The next run, where the handler named an instant.
        last_error: The text that the job would have.
    """

    verdict: Verdict
    value: Any = None
    error: BaseException | None = None
    delay: float | None = None
    run_at: datetime | None = None
    last_error: str | None = field(default=None, compare=False)

    @classmethod
    def of(cls, ended: Ended) -> Ran:
        """From what the worker made of it."""
        settlement = ended.settlement
        done = settlement.verdict is Verdict.COMPLETED
        return cls(
            verdict=settlement.verdict,
            value=ended.value if done else None,
            error=ended.error,
            delay=settlement.delay,
            run_at=settlement.run_at,
            last_error=settlement.error,
        )


def task_named(app: PoolJobs, task: Task | BoundTask | str) -> Task | BoundTask:
    """The task that is meant.

    Raises:
        LookupError: The application declares no job of this type.
        TypeError: It is no task.
    """
    if isinstance(task, Task | BoundTask):
        return task
    if not isinstance(task, str):
        raise TypeError(f"a task is what @app.job makes, or its name, not {task!r:.80}")
    if task not in app.registry:
        raise LookupError(f"the application declares no job {task!r}; it has {', '.join(sorted(app.registry))}")
    return app.registry[task]


def as_claimed(job: NewJob, *, attempt: int = 1) -> ClaimedJob:
    """A job that was never stored, as a worker gets it: its payload read from JSON."""
    if attempt < 1:
        raise ValueError(f"attempt is the number of the run, from 1, not {attempt}")
    return ClaimedJob(
        job_id=new_id().bytes,
        fence=1,
        token=1,
        job_type=job.job_type,
        payload=decode(job.payload),
        attempts=attempt - 1,
        max_retries=job.max_retries,
        queue=job.queue,
        priority=job.priority,
        trace_id=job.trace_id,
        labels=JobLabels(encoded_tags(job.tags).decode(), job.meta.decode() if job.meta else None),
    )


def new_id() -> UUID:
    """An id as jobs have it; its time is the process's own."""
    return UUID(bytes=IdMaker().make(1, time.monotonic_ns() // 1_000_000))
