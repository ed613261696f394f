"""Where the supervisor stands between its start and its end. The one place that moves it is ``Lifecycle``.

SERVE until a signal or a failed start. DRAIN: workers finish what they claimed. RELEASE (second signal): they finish
what runs and give the rest back. KILL (third signal, QUIT, or the time limit): they are killed. Once no worker is left,
SETTLE: the steward frees the slots of the dead. DISMISS: the steward is asked to leave. EVICT: it is killed. DONE:
nobody is left, or who is left cannot be killed. Stages only ever rise, and each has a bound that begins when it is
entered: however late the loop looks again, no stage is passed over before its actions were tried once.
Pure: the loop reports what it sees, ``plan.py`` turns the stage into actions.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import IntEnum

from pooljobs.exit_codes import ExitCode

STAGE_TIMEOUT = 10.0
"""Seconds granted to each step of an end that should take none: settling the dead, dismissal, dying of SIGKILL."""

_MEANT_FOR_THE_USER = frozenset(
    {
        ExitCode.APP,
        ExitCode.DATABASE_UNREACHABLE,
        ExitCode.DATABASE_UNSUPPORTED,
        ExitCode.NOT_MIGRATED,
        ExitCode.CONNECTION_BUDGET,
        ExitCode.EMBEDDED,
        ExitCode.DATABASE_REFUSED,
    }
)


class LifecycleStage(IntEnum):
    """What the supervisor is about; see the module's text."""

    SERVE = 0
    DRAIN = 1
    RELEASE = 2
    KILL = 3
    SETTLE = 4
    DISMISS = 5
    EVICT = 6
    DONE = 7


@dataclass(slots=True)
class Lifecycle:
    """The way through the stages.

    Attributes:
        drain_limit: Seconds from the first signal to KILL.
        stage: Where it stands; ``since`` is when it came there, in monotonic seconds.
        drain_since: When SERVE ended.
        ever_ready: A worker was READY once: from now on no death ends the fleet.
        failure: Why the start failed; then nobody is spawned any more.
        forced: Workers were killed to come to an end.
    """

    drain_limit: float
    stage: LifecycleStage = LifecycleStage.SERVE
    _: KW_ONLY
    since: float = 0.0
    drain_since: float = 0.0
    ever_ready: bool = False
    failure: ExitCode | None = None
    forced: bool = False

    def escalate(self, now: float) -> LifecycleStage:
        """Take one more request to stop; returns the stage that it led to."""
        if self.stage is LifecycleStage.SERVE:
            self.drain_since = now
        if self.stage < LifecycleStage.KILL:
            self._move(LifecycleStage(self.stage + 1), now)
        return self.stage

    def halt(self, now: float) -> LifecycleStage:
        """Take a request to stop at once: workers are killed from any stage before; returns the stage."""
        if self.stage is LifecycleStage.SERVE:
            self.drain_since = now
        if self.stage < LifecycleStage.KILL:
            self._move(LifecycleStage.KILL, now)
        return self.stage

    def fail_to_start(self, status: int, now: float) -> None:
        """A child ended with ``status`` before any worker was ever READY: drain, and remember why."""
        if self.failure is None:
            self.failure = boot_failure(status)
        if self.stage is LifecycleStage.SERVE:
            self.escalate(now)

    def observe(self, now: float, *, workers: int, steward: bool, dead_slots: int) -> LifecycleStage:
        """Move on as far as what is seen allows; returns the stage."""
        while (following := self._following(now, workers, steward=steward, dead_slots=dead_slots)) is not None:
            self._move(following, now)
        self.forced = self.forced or (self.stage is LifecycleStage.KILL and workers > 0)
        return self.stage

    def _following(self, now: float, workers: int, *, steward: bool, dead_slots: int) -> LifecycleStage | None:
        """The stage to move to, None to stay."""
        match self.stage:
            case LifecycleStage.SERVE | LifecycleStage.DONE:
                return None
            case LifecycleStage.DRAIN | LifecycleStage.RELEASE | LifecycleStage.KILL:
                return self._after_workers(now, workers)
            case LifecycleStage.SETTLE:
                settled = not dead_slots or not (steward or self.spawns_steward)
                return LifecycleStage.DISMISS if settled or self.overdue(now) else None
            case LifecycleStage.DISMISS | LifecycleStage.EVICT if steward:
                return LifecycleStage(self.stage + 1) if self.overdue(now) else None
            case LifecycleStage.DISMISS | LifecycleStage.EVICT:
                return LifecycleStage.DONE

    def _after_workers(self, now: float, workers: int) -> LifecycleStage | None:
        if workers == 0:
            return LifecycleStage.SETTLE
        if self.stage is LifecycleStage.KILL:
            return LifecycleStage.DONE if self.overdue(now) else None
        return LifecycleStage.KILL if now >= self.drain_since + self.drain_limit else None

    def _move(self, stage: LifecycleStage, now: float) -> None:
        self.stage, self.since = stage, now

    def overdue(self, now: float) -> bool:
        """Whether this stage has taken longer than it may."""
        return now >= self.since + STAGE_TIMEOUT

    @property
    def spawns_steward(self) -> bool:
        """Whether a steward that is missing is replaced: while workers live or dead ones wait for it."""
        return self.failure is None and self.stage <= LifecycleStage.SETTLE

    @property
    def result(self) -> ExitCode:
        """The exit code of ``serve``."""
        if self.failure is not None:
            return self.failure
        return ExitCode.DRAIN_TIMED_OUT if self.forced else ExitCode.OK


def boot_failure(status: int) -> ExitCode:
    """The exit code for a start that failed because a child ended with ``status``.

    >>> boot_failure(3).name, boot_failure(1).name, boot_failure(-9).name
    ('APP', 'WORKER_BOOT', 'WORKER_BOOT')
    """
    return ExitCode(status) if status in _MEANT_FOR_THE_USER else ExitCode.WORKER_BOOT
