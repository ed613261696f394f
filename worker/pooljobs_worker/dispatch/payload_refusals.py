"""Decides what becomes of a job whose payload this worker's code does not take. Asked by the dispatcher.

Another version of the code may take it, and may run beside this one: so it is no failure of the handler, which was not
called. Whatever the user's own classes raise while they are made of a payload counts as a refusal too, an
``AttributeError`` as much as a ``ValueError``: nobody can tell a bug in them from a payload that is not meant for them.
"""

from __future__ import annotations

import logging
import time

from pooljobs.application.task import Task
from pooljobs.job.error_text import without
from pooljobs.job.refusal_delay import next_try
from pooljobs.job.retry import share_of
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.logs.job_log import JobEvent, JobLog
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.refused_shapes import RefusedShapes, shape_of
from pooljobs_worker.dispatch.refusal_text import refusal_text


class PayloadRefusals:
    """Gives verdicts, and tells them in the log. Any thread."""

    def __init__(self, refused_shapes: RefusedShapes, unknown_after: float, job_log: JobLog) -> None:
        """``unknown_after``: seconds from the first refusal of a job until it has failed."""
        self._refused_shapes = refused_shapes
        self._unknown_after = unknown_after
        self._tell = job_log.tell

    def refused(self, task: Task, job: ClaimedJob, error: Exception) -> Settlement:
        """The handler's arguments could not be made of the job's payload: the job waits, or has failed; uncharged."""
        self._refused_shapes.add(shape_of(job.job_type, job.payload), time.monotonic())
        delay = next_try(job.refused_for, self._unknown_after, share_of(job.id))
        text = refusal_text(
            task.binder.signature,
            job.payload,
            error,
            waits=delay is not None,
            unknown_after=self._unknown_after,
        )
        headline = text.partition("\n")[0]
        raised = (type(error), error, without(error.__traceback__, 1))
        if delay is None:
            told = "job %s (%s) failed for good: %s"
            self._tell(JobEvent.FAILED, job, told, job.id, job.job_type, headline, exc_info=raised)
            return job.settled(Verdict.FAILED, error=text)
        level = logging.INFO if job.refused_for is None else logging.DEBUG  # it may be refused many times
        told = "job %s (%s), again in %.3g s: %s"
        self._tell(JobEvent.REFUSED, job, told, job.id, job.job_type, delay, headline, exc_info=raised, level=level)
        return job.settled(Verdict.REFUSED, error=text, delay=delay)
