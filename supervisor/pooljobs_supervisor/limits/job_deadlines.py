"""What is to be done about jobs that are past their limits: one worker's books. No clock, no process, no scoreboard.

A job whose soft limit has passed, or that is to be cancelled, is *interrupted*: by a signal, again and again until the
worker has taken note on the scoreboard. One whose hard limit has passed, or that has not ended some time after its
cancellation was asked for, is the *target*: its worker is told to write down where it is, has a moment for that, and is
*killed*. A target that ends in this moment is *spared*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum, auto

from pooljobs.job.time_limit import GRACE_SECS
from pooljobs.scoreboard import HeldJob

AGAIN_NS = 250_000_000
"""Until a signal that had no effect is sent again."""
STACK_NS = 200_000_000
"""The most that a worker has to write down its stack."""
STILL_NS = 20_000_000
"""A stack that did not grow for so long is complete."""
_GRACE_NS = int(GRACE_SECS * 1e9)

NEVER = 2**63

_Claim = tuple[int, int]
"""An entry and the token under which its job was claimed: no two jobs of a worker share both."""


class DeadlineStep(Enum):
    """What the supervisor is to do about a worker now."""

    NOTHING = auto()
    INTERRUPT = auto()
    EXPOSE = auto()
    """Ask for the stack; from now on its death is on purpose."""
    SPARE = auto()
    KILL = auto()


@dataclass(slots=True)
class JobDeadlines:
    """The books on one worker. Times are monotonic nanoseconds.

    Attributes:
        target: The job for which the worker is to die; None for none.
    """

    target: HeldJob | None = None
    _cancelled: dict[_Claim, int] = field(default_factory=dict)
    """When each job that is to be cancelled becomes a target."""
    _: KW_ONLY
    _interrupted: dict[_Claim, int] = field(default_factory=dict)
    """When a signal was last sent for each job that takes no note of it."""
    _exposed_ns: int = 0
    _stack_size: int = 0
    _grew_ns: int = 0

    def decide(self, running: Sequence[HeldJob], now_ns: int, stack_size: int) -> DeadlineStep:
        """The step for this moment, from the jobs that run and the bytes of stack written so far; on each tick."""
        self._note_cancellations(running, now_ns)
        if self.target is not None:
            return self._with(self.target, running, now_ns, stack_size)
        late = [job for job in running if self._dies_at(job) <= now_ns]
        if late:
            self.target = min(late, key=self._dies_at)
            self._exposed_ns = self._grew_ns = now_ns
            self._stack_size = 0
            return DeadlineStep.EXPOSE
        return DeadlineStep.INTERRUPT if self._interrupts(running, now_ns) else DeadlineStep.NOTHING

    def next_ns(self, running: Sequence[HeldJob], now_ns: int) -> int:
        """When to decide again at the latest; ``NEVER`` if only a new job can give reason to."""
        if self.target is not None:
            return now_ns + STILL_NS
        moments = [self._dies_at(job) for job in running]
        moments += [self._interrupt_at(job) for job in running if job.soft_ns or _to_cancel(job)]
        return max(now_ns, min(moments, default=NEVER))

    def _with(self, target: HeldJob, running: Sequence[HeldJob], now_ns: int, stack_size: int) -> DeadlineStep:
        if _claim(target) not in {_claim(job) for job in running}:
            self.target = None
            return DeadlineStep.SPARE
        if stack_size != self._stack_size:
            self._stack_size, self._grew_ns = stack_size, now_ns
        complete = stack_size > 0 and now_ns - self._grew_ns >= STILL_NS
        return DeadlineStep.KILL if complete or now_ns - self._exposed_ns >= STACK_NS else DeadlineStep.NOTHING

    def _interrupts(self, running: Sequence[HeldJob], now_ns: int) -> bool:
        """Whether a signal is to be sent now; it is noted as sent for all jobs that it is meant for."""
        due = [job for job in running if _to_cancel(job) or 0 < job.soft_ns <= now_ns]
        again = any(self._interrupt_at(job) <= now_ns for job in due)
        self._interrupted = {
            _claim(job): now_ns if again else self._interrupted[_claim(job)]
            for job in due
            if again or _claim(job) in self._interrupted
        }
        return again

    def _interrupt_at(self, job: HeldJob) -> int:
        last = self._interrupted.get(_claim(job))
        return job.soft_ns * (not _to_cancel(job)) if last is None else last + AGAIN_NS

    def _note_cancellations(self, running: Sequence[HeldJob], now_ns: int) -> None:
        asked = [job for job in running if job.cancel_asked]
        self._cancelled = {_claim(job): self._cancelled.get(_claim(job), now_ns + _grace(job)) for job in asked}

    def _dies_at(self, job: HeldJob) -> int:
        return min(job.hard_ns or NEVER, self._cancelled.get(_claim(job), NEVER))


def _claim(job: HeldJob) -> _Claim:
    return job.entry, job.token


def _grace(job: HeldJob) -> int:
    """What a handler has between its cancellation and the kill: as much as between its limits, if it has both."""
    return job.hard_ns - job.soft_ns if job.soft_ns and job.hard_ns else _GRACE_NS


def _to_cancel(job: HeldJob) -> bool:
    return job.cancel_asked and not job.cancel_delivered
