"""Decides what becomes of each job a dead worker held. Pure: the scoreboard's entries in, settlements out.

A job whose handler had returned is completed: its result was only not stored yet. One whose handler had raised is
settled as that failure. One that was running is charged a crash, unless the supervisor killed its process on purpose:
then only a job that was past its hard time limit is charged, a run that failed. One that was to be cancelled is
cancelled. The others come back with nothing charged. Where several crashed, the error of each names the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pooljobs.error_text import clean
from pooljobs.retry import RetryPolicy, next_delay
from pooljobs.scoreboard import EntryState, HeldJob, Slot
from pooljobs.verdict import Settlement, Verdict
from pooljobs_supervisor.deaths import how

MOST_SUSPECTS = 5
"""Other jobs that an error names."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Attributes:
        exit_status: Its exit code, or minus the number of the signal that killed it.
        on_purpose: The supervisor killed it, so no job is to blame but those that were late at ``killed_ns``.
        killed_ns: When the supervisor decided to kill it for late jobs; 0 if it did not. Monotonic nanoseconds.
        stack: Where its handlers were then, as far as is known.
        cpu_seconds: Processor time of its whole life; 0 when unknown.
        peak_memory: Most bytes it ever had resident; 0 when unknown.
        out_of_memory: The kernel killed for lack of memory around it at that moment.
    """

    who: str
    exit_status: int
    on_purpose: bool
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    out_of_memory: bool = False
    killed_ns: int = 0
    stack: str = ""

    @property
    def how(self) -> str:
        """In words: "killed by SIGSEGV", "exit code 3"."""
        return how(self.exit_status)

    @property
    def circumstances(self) -> list[str]:
        """What is known beside that, in words."""
        used = f"{self.cpu_seconds:.1f} s CPU, {self.peak_memory / 1e6:.0f} MB peak memory" if self.peak_memory else ""
        return [*([used] if used else []), *(["probably out of memory"] if self.out_of_memory else [])]

    @classmethod
    def of(cls, slot: Slot) -> Death:
        """The death of a DEAD slot's worker."""
        return cls(
            f"worker-{slot.ordinal}, pid {slot.pid}",
            slot.exit_status,
            bool(slot.killed),
            slot.cpu_us / 1e6,
            slot.peak_memory,
            bool(slot.out_of_memory),
            slot.killed_ns,
            slot.stack.decode(errors="replace"),
        )


@dataclass(frozen=True, slots=True)
class Charges:
    """What the database knows of a job: its counters and its type's retry policy."""

    attempts: int
    crashes: int
    max_retries: int
    policy: RetryPolicy


def judge(
    held: Sequence[HeldJob], charges: Mapping[bytes, Charges], death: Death, max_crashes: int
) -> list[Settlement]:
    """One settlement for each held job; one missing from ``charges`` is gone already."""
    running = [job for job in held if job.state is EntryState.RUNNING]
    return [_judge_one(job, charges.get(job.job_id), death, max_crashes, running) for job in held]


def _judge_one(
    job: HeldJob, charges: Charges | None, death: Death, max_crashes: int, running: Sequence[HeldJob]
) -> Settlement:
    if job.state is EntryState.DONE:
        return _settlement(job, Verdict.COMPLETED)
    if charges is None or (job.state is EntryState.CLAIMED and not job.cancel_asked):
        return _settlement(job, Verdict.RELEASED)
    if job.cancel_asked:
        return _settlement(job, Verdict.CANCELLED, _cancelled(job, death))
    if job.state is EntryState.FAILED:
        text = f"the handler raised, and its worker died before it could store the error ({death.who}: {death.how})"
        return _failure(job, charges, text)
    return _judge_running(job, charges, death, max_crashes, [other for other in running if other is not job])


def _judge_running(
    job: HeldJob, charges: Charges, death: Death, max_crashes: int, others: Sequence[HeldJob]
) -> Settlement:
    if 0 < job.hard_ns <= death.killed_ns:
        limit = f"{(job.hard_ns - job.started_ns) / 1e9:g} s"
        return _failure(job, charges, f"killed at its hard time limit of {limit} ({death.who}){_stack(death)}")
    if death.on_purpose:
        return _settlement(job, Verdict.RELEASED)
    return _crash(job, charges, death, max_crashes, others)


def _cancelled(job: HeldJob, death: Death) -> str | None:
    """What is to be said of a cancelled job; of one that had not begun, nothing."""
    if job.state is EntryState.CLAIMED:
        return None
    if death.killed_ns:
        return f"cancelled: the handler did not stop, and was killed ({death.who}){_stack(death)}"
    return f"cancelled; its worker died meanwhile ({death.who}: {death.how})"


def _stack(death: Death) -> str:
    """Where the handler was, to be appended to an error."""
    return f"\n\n{death.stack}" if death.stack else ""


def _crash(job: HeldJob, charges: Charges, death: Death, max_crashes: int, others: Sequence[HeldJob]) -> Settlement:
    count = charges.crashes + 1
    known = "; ".join([f"{death.who}, crash {count} of {max_crashes}", *death.circumstances, *_suspects(others)])
    text = f"the worker process died while running this job: {death.how} ({known})"
    if count >= max_crashes:
        return _settlement(job, Verdict.POISONED, text)
    return _settlement(job, Verdict.CRASHED, text, delay=0.0)


def _suspects(others: Sequence[HeldJob]) -> list[str]:
    """Names the jobs that ran beside the charged one, any of which may be the guilty one."""
    if not others:
        return []
    names = ", ".join(str(UUID(bytes=other.job_id)) for other in others[:MOST_SUSPECTS])
    more = len(others) - MOST_SUSPECTS
    return [f"it or one of those that ran beside it: {names}{f' and {more} more' if more > 0 else ''}"]


def _failure(job: HeldJob, charges: Charges, text: str) -> Settlement:
    delay = next_delay(charges.policy, charges.attempts + 1, charges.max_retries, UUID(bytes=job.job_id))
    if delay is None:
        return _settlement(job, Verdict.FAILED, text)
    return _settlement(job, Verdict.RETRY, text, delay)


def _settlement(job: HeldJob, verdict: Verdict, error: str | None = None, delay: float | None = None) -> Settlement:
    text = None if error is None else clean(error)
    return Settlement(job.job_id, job.fence, job.token, verdict, text, delay, job.started_ns)
