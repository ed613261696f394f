"""What a tracer is to think of that which left a handler: a failure, or a decision about its job that is none."""

from __future__ import annotations

from pooljobs.application.app import PoolJobs
from pooljobs.handler.context import JobContext
from pooljobs.handler.interrupts import JobCancelled
from pooljobs.handler.outcomes import Discard, Retry, Snooze, outcome_in
from pooljobs.job.error_rules import Course


def is_failure(app: PoolJobs, job: JobContext, error: BaseException) -> bool:
    """Whether a run that raised this has gone wrong, rather than been put off, discarded, or cancelled."""
    if (outcome := outcome_in(error)) is not None:
        return not isinstance(outcome, Snooze | Retry | Discard)
    if isinstance(error, JobCancelled):
        return False
    return app.registry[job.job_type].errors.course(error) is not Course.DISCARD
