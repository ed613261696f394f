"""The dispatcher that tells of completed jobs too, for ``--log-jobs all``. Apart, so that others pay nothing."""

from __future__ import annotations

from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.logs.job_log import JobEvent
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch.dispatcher import Dispatcher


class LoggedDispatcher(Dispatcher):
    """A line for each job that is completed."""

    def dispatch(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """As any, and told."""
        return self._told(job, super().dispatch(job, started_ns), started_ns)

    async def dispatch_async(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """As any, and told."""
        return self._told(job, await super().dispatch_async(job, started_ns), started_ns)

    def _told(self, job: ClaimedJob, settlement: Settlement, started_ns: int) -> Settlement:
        if settlement.verdict is not Verdict.COMPLETED:
            return settlement
        job.max_retries = self._registry[job.job_type].retry.most_runs(job.max_retries)
        told = "job %s (%s) completed in run %d"
        self._job_log.tell(JobEvent.COMPLETED, job, told, job.id, job.job_type, job.attempt, started_ns=started_ns)
        return settlement
