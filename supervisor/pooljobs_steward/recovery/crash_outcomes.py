"""Decides what becomes of each job a dead worker held. Pure: the scoreboard's entries in, settlements out.

A job whose handler had returned is completed: its result was only not stored yet. One that was to be cancelled is
cancelled. One whose handler had raised is settled as that failure. One that was running alone is charged a crash, and
comes back later and later. Where several ran, nobody knows which of them it was: they are suspects, charged nothing,
and run alone the next time. A suspect that its worker ran alone is charged. Where the worker left since it was out of
something, whatever it had not settled is a suspect in the same way. Where the supervisor killed the process, only a job
that was past its hard time limit is charged, a run that failed; where nobody saw how it ended, none is. What had not
begun comes back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from uuid import UUID

from pooljobs.job.error_text import clean
from pooljobs.job.retry import FIRST_CRASH_DELAY_SECS, RetryPolicy, delay_after_crash, next_delay
from pooljobs.job.verdict import Settlement, Verdict
from pooljobs.scoreboard import EntryState, HeldJob
from pooljobs.scoreboard.worker_death import WorkerDeath

_CRASHES = frozenset({Verdict.CRASHED, Verdict.POISONED, Verdict.SUSPECTED})

MOST_SUSPECTS = 5
"""Other jobs that an error names."""


@dataclass(frozen=True, slots=True)
class JobCounters:
    """What the database knows of a job: its type, counters and retry policy, and what else the log says of it."""

    job_type: str
    attempts: int
    _: KW_ONLY
    crashes: int
    max_retries: int
    policy: RetryPolicy
    suspect: bool = False
    """Its worker was to run it alone."""
    queue: str = ""
    trace_id: str | None = None


def judge(
    held: Sequence[HeldJob], counters: Mapping[bytes, JobCounters], death: WorkerDeath, max_crashes: int
) -> list[Settlement]:
    """One settlement for each held job; one missing from ``charges`` is gone already."""
    running = [job for job in held if job.state is EntryState.RUNNING]
    return [_judge_one(job, counters.get(job.job_id), death, max_crashes, running) for job in held]


def suspect_types(
    settlements: Sequence[Settlement], counters: Mapping[bytes, JobCounters], death: WorkerDeath
) -> set[str]:
    """The job types that this death casts suspicion on: of any job that may have been what ended the process."""
    if death.exhausted:
        return set()
    return {counters[each.job_id].job_type for each in settlements if each.verdict in _CRASHES}


def _judge_one(
    job: HeldJob, counters: JobCounters | None, death: WorkerDeath, max_crashes: int, running: Sequence[HeldJob]
) -> Settlement:
    if job.state is EntryState.DONE:
        return _settlement(job, Verdict.COMPLETED)
    if counters is None or not (job.begun or job.cancel_asked):
        return _settlement(job, Verdict.RELEASED)
    if job.cancel_asked:
        return _settlement(job, Verdict.CANCELLED, _cancelled(job, death))
    if death.exhausted and not counters.suspect:
        return _settlement(job, Verdict.SUSPECTED, _exhausted(death), FIRST_CRASH_DELAY_SECS)
    if job.state is EntryState.FAILED:
        text = f"the handler raised, and its worker died before it could store the error ({death.who}: {death.how})"
        return _failure(job, counters, text)
    return _judge_running(job, counters, death, max_crashes, [other for other in running if other is not job])


def _judge_running(
    job: HeldJob, counters: JobCounters, death: WorkerDeath, max_crashes: int, others: Sequence[HeldJob]
) -> Settlement:
    if 0 < job.hard_ns <= death.killed_ns:
        limit = f"{(job.hard_ns - job.started_ns) / 1e9:g} s"
        return _failure(job, counters, f"killed at its hard time limit of {limit} ({death.who}){_stack(death)}")
    if death.on_purpose or death.unseen:
        return _cut_short(job, death)
    if others and not counters.suspect:
        return _suspected(job, death, others)
    return _crash(job, counters, death, max_crashes)


def _cancelled(job: HeldJob, death: WorkerDeath) -> str | None:
    """What is to be said of a cancelled job; of one that had not begun, nothing."""
    if not job.begun:
        return None
    if death.killed_ns:
        return f"cancelled: the handler did not stop, and was killed ({death.who}){_stack(death)}"
    return f"cancelled; its worker died meanwhile ({death.who}: {death.how})"


def _stack(death: WorkerDeath) -> str:
    """Where the handler was, to be appended to an error."""
    return f"\n\n{death.stack}" if death.stack else ""


def _cut_short(job: HeldJob, death: WorkerDeath) -> Settlement:
    how_so = "ended after its supervisor, and nobody saw how" if death.unseen else "was killed by the supervisor"
    text = f"this run was cut short, and is not charged: its worker ({death.who}) {how_so}"
    return _settlement(job, Verdict.RELEASED, text)


def _suspected(job: HeldJob, death: WorkerDeath, others: Sequence[HeldJob]) -> Settlement:
    """Names the others too: any of them may be the guilty one."""
    names = ", ".join(str(UUID(bytes=other.job_id)) for other in others[:MOST_SUSPECTS])
    more = f" and {len(others) - MOST_SUSPECTS} more" if len(others) > MOST_SUSPECTS else ""
    known = "; ".join([death.who, *death.circumstances, f"beside it ran {names}{more}"])
    text = f"the worker process died while it ran several jobs: {death.how} ({known}). Not charged: it runs alone next"
    return _settlement(job, Verdict.SUSPECTED, text)


def _exhausted(death: WorkerDeath) -> str:
    return f"the worker was out of descriptors, memory or threads ({death.who}). Not charged: it runs alone next"


def _crash(job: HeldJob, counters: JobCounters, death: WorkerDeath, max_crashes: int) -> Settlement:
    count = counters.crashes + 1
    known = "; ".join([f"{death.who}, crash {count} of {max_crashes}", *death.circumstances])
    text = f"the worker process died while running this job: {death.how} ({known})"
    if count >= max_crashes:
        return _settlement(job, Verdict.POISONED, text)
    delay = delay_after_crash(counters.policy, counters.attempts + 1, count, UUID(bytes=job.job_id))
    return _settlement(job, Verdict.CRASHED, text, delay)


def _failure(job: HeldJob, counters: JobCounters, text: str) -> Settlement:
    delay = next_delay(counters.policy, counters.attempts + 1, counters.max_retries, UUID(bytes=job.job_id))
    if delay is None:
        return _settlement(job, Verdict.FAILED, text)
    return _settlement(job, Verdict.RETRY, text, delay)


def _settlement(job: HeldJob, verdict: Verdict, error: str | None = None, delay: float | None = None) -> Settlement:
    text = None if error is None else clean(error)
    return Settlement(job.job_id, job.fence, job.token, verdict, text, delay, job.started_ns)
