"""Decides what becomes of each job a dead worker held. Pure: the scoreboard's entries in, settlements out.

A job whose handler had returned is completed: its result was only not stored yet. One whose handler had raised is
settled as that failure. One that was running is charged a crash, unless the supervisor killed its process on purpose.
The others come back with nothing charged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from pooljobs.retry import RetryPolicy, next_delay
from pooljobs.scoreboard import EntryState, HeldJob
from pooljobs.verdict import Settlement, Verdict
from pooljobs_supervisor.deaths import how


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Attributes:
        exit_status: Its exit code, or minus the number of the signal that killed it.
        on_purpose: The supervisor killed it, so no job is to blame.
    """

    who: str
    exit_status: int
    on_purpose: bool

    @property
    def how(self) -> str:
        """In words: "killed by SIGSEGV", "exit code 3"."""
        return how(self.exit_status)


@dataclass(frozen=True, slots=True)
class Charges:
    """What the database knows of a job: its counters and its type's retry policy."""

    attempts: int
    crashes: int
    max_retries: int
    policy: RetryPolicy


def judge(
    held: Iterable[HeldJob], charges: Mapping[bytes, Charges], death: Death, max_crashes: int
) -> list[Settlement]:
    """One settlement for each held job; one missing from ``charges`` is gone already."""
    return [_judge_one(job, charges.get(job.job_id), death, max_crashes) for job in held]


def _judge_one(job: HeldJob, charges: Charges | None, death: Death, max_crashes: int) -> Settlement:
    if job.state is EntryState.DONE:
        return _settlement(job, Verdict.COMPLETED)
    if job.state is EntryState.CLAIMED or charges is None:
        return _settlement(job, Verdict.RELEASED)
    if job.state is EntryState.FAILED:
        text = f"the handler raised, and its worker died before it could store the error ({death.who}: {death.how})"
        return _failure(job, charges, text)
    if death.on_purpose:
        return _settlement(job, Verdict.RELEASED)
    return _crash(job, charges, death, max_crashes)


def _crash(job: HeldJob, charges: Charges, death: Death, max_crashes: int) -> Settlement:
    count = charges.crashes + 1
    text = f"the worker process died while running this job: {death.how} ({death.who}, crash {count} of {max_crashes})"
    if count >= max_crashes:
        return _settlement(job, Verdict.POISONED, text)
    return _settlement(job, Verdict.CRASHED, text, delay=0.0)


def _failure(job: HeldJob, charges: Charges, text: str) -> Settlement:
    delay = next_delay(charges.policy, charges.attempts + 1, charges.max_retries, UUID(bytes=job.job_id))
    if delay is None:
        return _settlement(job, Verdict.FAILED, text)
    return _settlement(job, Verdict.RETRY, text, delay)


def _settlement(job: HeldJob, verdict: Verdict, error: str | None = None, delay: float | None = None) -> Settlement:
    return Settlement(job.job_id, job.fence, job.token, verdict, error, delay, job.started_ns)
