"""Decides what becomes of a job whose run failed, or that cannot be run at all. Asked by the dispatcher."""

from __future__ import annotations

import traceback
from logging import Logger
from pathlib import Path
from typing import NamedTuple

from pooljobs.application.task import Task
from pooljobs.errors import ClaimLostError
from pooljobs.escaping import escaped
from pooljobs.handler.outcomes import Discard, Fail, JobOutcome, Retry, Snooze, check_outcome, outcome_in
from pooljobs.job.error_rules import Course, leaves
from pooljobs.job.error_text import clean, describe, headline, without
from pooljobs.job.retry import FIRST_CRASH_DELAY_SECS, next_delay
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.logs.job_log import ExcInfo, JobEvent, JobLog
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.dispatch.interrupter import Interrupter
from pooljobs_worker.runtime.exhaustion import Exhaustion

_OUR_FRAMES = str(Path(__file__).parent.parent)


class _FailedRun(NamedTuple):
    """A run that ended by something raised, and how that is told."""

    job: ClaimedJob
    text: str
    raised: ExcInfo
    started_ns: int


class FailurePolicy:
    """Gives verdicts, and tells them in the log. Any thread."""

    def __init__(self, interrupter: Interrupter, exhaustion: Exhaustion, *, job_log: JobLog, log: Logger) -> None:
        self._interrupter = interrupter
        self._exhaustion = exhaustion
        self._tell = job_log.tell
        self._log = log

    def unreadable(self, job: ClaimedJob, started_ns: int) -> Settlement:
        """The payload of this job could not be decoded."""
        self._tell(JobEvent.FAILED, job, "job %s (%s) failed for good: %s", job.id, job.job_type, job.unreadable)
        return job.settled(Verdict.FAILED, error=clean(job.unreadable or ""), started_ns=started_ns)

    def unknown(self, job: ClaimedJob) -> Settlement:
        """Nobody here has a handler for this job's type, and nobody else is waited for."""
        error = f"no handler registered for job type: {job.job_type}"
        self._tell(JobEvent.FAILED, job, "job %s failed for good: %s", job.id, error)
        return job.settled(Verdict.FAILED, error=clean(error))

    def failed(self, task: Task, job: ClaimedJob, error: BaseException, started_ns: int) -> Settlement:
        """The handler raised, or what is injected could not be made. Never raises: classes of the user's are asked in
        here, and what they raise is the run's failure too.
        """
        try:
            return self._judged(task, job, error, started_ns)
        except BaseException as fault:  # noqa: BLE001  # a job must not end its worker, whatever it raises
            run = _FailedRun(job, describe(fault), (type(fault), fault, fault.__traceback__), started_ns)
            return self._charged(run, next_delay(task.retry, job.attempt, job.max_retries, job.id))

    def _judged(self, task: Task, job: ClaimedJob, error: BaseException, started_ns: int) -> Settlement:
        if isinstance(error, MemoryError):
            traceback.clear_frames(error.__traceback__)  # it takes some to describe an error
        if _lost_its_claim(job, error):
            return job.settled(
                Verdict.RELEASED
            )  # refused, and told then as a loss: it is none of this worker's failures
        job.max_retries = task.retry.most_runs(job.max_retries)
        frames = _frames_of_ours(error)
        text = describe(error, skip_frames=frames)
        raised = (type(error), error, without(error.__traceback__, frames))
        run = _FailedRun(job, text, raised, started_ns)
        if self._interrupter.cancelled(job, error):
            return self._cancelled(run, "was cancelled in")
        outcome = outcome_in(error)
        if outcome is not None:
            check_outcome(outcome)
        if isinstance(outcome, Snooze):
            return self._snoozed(run, outcome)
        if outcome is None and self._exhaustion.caused(error, text) and (job.by_type or not job.suspect):
            return self._excused(run)
        course = task.errors.course(error) if outcome is None else _course(outcome)
        if course is Course.DISCARD:
            return self._cancelled(run, "is discarded after")
        return self._charged(run, self._delay(task, run, outcome) if course is Course.RETRY else None)

    def _charged(self, run: _FailedRun, delay: float | None) -> Settlement:
        """``delay`` as of ``_delay``."""
        self._tell_failure(run, delay)
        verdict = Verdict.FAILED if delay is None else Verdict.RETRY
        return run.job.settled(verdict, error=run.text, delay=delay, started_ns=run.started_ns)

    def _cancelled(self, run: _FailedRun, how: str) -> Settlement:
        job = run.job
        told = f"job %s (%s) {how} run %d"
        self._tell(JobEvent.CANCELLED, job, told, job.id, job.job_type, job.attempt, started_ns=run.started_ns)
        return job.settled(Verdict.CANCELLED, error=run.text, started_ns=run.started_ns)

    def _snoozed(self, run: _FailedRun, snooze: Snooze) -> Settlement:
        job, until = run.job, snooze.run_at or f"in {snooze.delay:.3g} s"
        told = "job %s (%s) is put off: again %s%s"
        why = f" ({snooze.why})" if snooze.why else ""
        self._tell(JobEvent.SNOOZED, job, told, job.id, job.job_type, str(until), why, started_ns=run.started_ns)
        error = clean(f"snoozed: {snooze.why}") if snooze.why else None
        return job.settled(
            Verdict.SNOOZED, error=error, delay=snooze.delay, run_at=snooze.run_at, started_ns=run.started_ns
        )

    def _delay(self, task: Task, run: _FailedRun, outcome: JobOutcome | None) -> float | None:
        """Seconds until the next run; None: it was the last one."""
        job = run.job
        delay = next_delay(task.retry, job.attempt, job.max_retries, job.id)
        if delay is None:
            return None
        if isinstance(outcome, Retry) and outcome.after is not None:
            return outcome.after
        try:
            given = task.errors.delay(job.attempt, run.raised[1])
        except BaseException as error:  # noqa: BLE001  # a function of the user's may raise anything
            told = "job %s (%s): backoff is of no use (%s), so the retry policy holds"
            self._log.warning(told, job.id, job.job_type, escaped(headline(error)))  # no event: the run has its own
            return delay
        return delay if given is None else given

    def _excused(self, run: _FailedRun) -> Settlement:
        """The worker was at its end. Once: as a suspect that fails so again, alone, the job has itself to blame."""
        job, text, raised, started_ns = run
        of = self._exhaustion.of
        told = "job %s (%s) goes back: its worker is out of %s"
        self._tell(JobEvent.RELEASED, job, told, job.id, job.job_type, of, started_ns=started_ns, exc_info=raised)
        first, _, rest = text.partition("\n")
        error = f"{first} (its worker was out of {of}. Not charged: it runs alone next)\n{rest}"
        return job.settled(Verdict.SUSPECTED, error=clean(error), delay=FIRST_CRASH_DELAY_SECS, started_ns=started_ns)

    def _tell_failure(self, run: _FailedRun, delay: float | None) -> None:
        """Each failed run comes with what was raised; only the last one of a job is an ERROR."""
        job, _, raised, started_ns = run
        if delay is None:
            event, how = JobEvent.FAILED, f"failed for good in run {job.attempt}"
        else:
            event, how = JobEvent.RETRIED, f"failed in run {job.attempt} of {job.max_retries}, again in {delay:.3g} s"
        what = headline(raised[1])
        told = "job %s (%s) %s: %s"
        self._tell(event, job, told, job.id, job.job_type, how, what, started_ns=started_ns, exc_info=raised)


def _course(outcome: JobOutcome) -> Course:
    if isinstance(outcome, Discard):
        return Course.DISCARD
    return Course.FAIL if isinstance(outcome, Fail) else Course.RETRY


def _lost_its_claim(job: ClaimedJob, error: BaseException) -> bool:
    """Whether the run was to complete the job in its own transaction, and the job had gone elsewhere by then."""
    return any(isinstance(each, ClaimLostError) and each.job_id == job.id for each in leaves(error))


def _frames_of_ours(error: BaseException) -> int:
    """How many frames lie between the dispatcher and the handler."""
    count, trail = 0, error.__traceback__
    while trail is not None and trail.tb_frame.f_code.co_filename.startswith(_OUR_FRAMES):
        count, trail = count + 1, trail.tb_next
    return count
