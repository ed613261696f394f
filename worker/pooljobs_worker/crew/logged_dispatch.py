"""The dispatcher that tells of completed jobs too, for ``--log-jobs all``. Apart, so that others pay nothing."""

from __future__ import annotations

from typing import Any

from pooljobs.job.verdict import Settlement
from pooljobs.logs.job_log import Event, JobLog
from pooljobs_worker.claims.claimed import ClaimedJob
from pooljobs_worker.crew.dispatch import Dispatcher


class LoggedDispatcher(Dispatcher):
    """A line for each job that is completed."""

    def __init__(self, *arguments: Any, job_log: JobLog, **others: Any) -> None:
        super().__init__(*arguments, job_log=job_log, **others)
        self._tell = job_log.tell

    def _completed(self, job: ClaimedJob, started_ns: int) -> Settlement:
        settlement = super()._completed(job, started_ns)
        job.max_retries = self._registry[job.job_type].retry.most_runs(job.max_retries)
        told = "job %s (%s) completed in run %d"
        self._tell(Event.COMPLETED, job, told, job.id, job.job_type, job.attempt, started_ns=started_ns)
        return settlement
