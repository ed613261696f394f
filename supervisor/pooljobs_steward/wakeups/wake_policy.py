"""Decides when a host says in the database that it sleeps, and when it looks for work. Pure: no clock, no database.

A host is *asleep* while its row in ``idle_hosts`` asks enqueues to notify it, and *awake* otherwise. It falls asleep
when a worker idles, if the budget of notifications allows; it wakes up when that is used up, or when it is told of a
job while nobody idles. A notification wakes a worker at once; looks at the database do the rest:

- after falling asleep, until all transactions that may have read the row before have ended (``look_for_work.sql``);
- after a wake, until nothing is due or nobody idles: the woken may be slow, stopped or dead, and one notification may
  stand for many jobs;
- after a worker has run out of work: it may have put jobs back that are due later;
- when the next job falls due;
- again and again while workers idle and the host is not asleep.

While nobody idles there is nothing to do: workers that work claim again by themselves.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto
from typing import Final

from pooljobs_steward.wakeups.horizon import DEAR, Horizon
from pooljobs_steward.wakeups.notify_budget import FALLING_ASLEEP, NotifyBudget

SOON: Final = 0.01
"""Seconds from an event to the look that it calls for; several events share one. Doubled while looks find the same."""

LATEST: Final = 1.0
"""Seconds: the longest of such pauses."""

AWAKE: Final = 0.02
"""Seconds between looks while workers idle and nobody would tell of a job: the budget is used up."""

COST_FACTOR: Final = 20.0
"""The pause after a look is at least this many times what it took, as far as ``LATEST``: dead rows make it slow."""

RENEWALS: Final = 3
"""A sleep is renewed when this part of it has passed."""

NEVER: Final = float("inf")


class WakeStep(Enum):
    """What to do next."""

    NOTHING = auto()
    FALL_ASLEEP = auto()
    STAY_AWAKE = auto()
    LOOK = auto()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look found; see ``look_for_work.sql``."""

    due: int
    next_in: float | None
    _: KW_ONLY
    xmin: int
    mark: int | None
    since: str | None = None
    """The earliest due time that the next look has to go back to, if what comes late may wait for a full one."""
    full: bool = True
    """Whether it went back all the way."""


class WakePolicy:
    """The state of one host. Times are monotonic seconds; ``idle`` is the number of workers that could be woken."""

    def __init__(self, *, sleep: float, poll_interval: float) -> None:
        """``sleep`` is for how many seconds a host says that it sleeps, unless it says so again."""
        self.hears = False
        """Whether notifications arrive. If not, the host never falls asleep, and looks as often as workers poll."""
        self._sleep = sleep
        self._poll_interval = poll_interval
        self._budget = NotifyBudget()
        self._horizon = Horizon()
        self._asleep_until = 0.0
        self._look_at = 0.0
        self._not_before = 0.0
        self._pause = SOON
        self._mark: int | None = None
        self._marking = False
        self._in_vain = False

    def rang(self, now: float) -> None:
        """A worker has run out of work."""
        self._look_soon(now)

    def heard(self, count: int, idle: int, now: float) -> None:
        """Notifications have arrived."""
        self._budget.spend(count, now)
        self._in_vain = not idle
        self._look_soon(now)

    def fell_asleep(self, asked: float) -> None:
        """The step was done; ``asked`` is the time before it."""
        if asked >= self._asleep_until:
            self._budget.spend(FALLING_ASLEEP, asked)
            self._mark, self._marking = None, True
            self._look_at, self._pause = asked, SOON
        self._asleep_until = asked + self._sleep
        self._in_vain = False

    def cannot_sleep(self, now: float) -> None:
        """Nobody would tell of jobs: the server has no room for notifications. It is tried again later."""
        self.stayed_awake()
        self._budget.use_up(now)

    def stayed_awake(self) -> None:
        """The step was done, or the connection is a new one: nobody tells of jobs."""
        self._asleep_until = self._look_at = 0.0
        self._mark, self._marking, self._in_vain = None, False, False

    @property
    def marking(self) -> bool:
        """Whether the next look is the first of a sleep, and takes a mark."""
        return self._marking

    def since(self, now: float) -> str | None:
        """The due time that the next look begins at, None for all."""
        return None if self._marking else self._horizon.since(now)

    @property
    def settled(self) -> bool:
        """Whether all have ended that may hold jobs and not tell of them."""
        return self._mark is None and not self._marking

    def found(self, findings: Findings, took: float, now: float) -> None:
        """A look is done, after ``took`` seconds; who can be woken for what is due has been woken."""
        if self._marking:
            self._mark, self._marking = findings.mark, False
        elif self._mark is not None and findings.full and findings.xmin >= self._mark:
            self._mark = None
        self._horizon.looked(findings.since, took, now, full=findings.full)
        pause = NEVER if findings.next_in is None else findings.next_in
        if findings.due or self._mark is not None:
            pause, self._pause = min(pause, self._pause), min(self._pause * 2, LATEST)
        else:
            self._pause = SOON
        if not self._asleep(now):
            pause = min(pause, AWAKE if self.hears else self._poll_interval)
        if not findings.full:
            pause = min(pause, max(0.0, self._horizon.full_at - now))
        if not findings.full or took <= DEAR or findings.since is None:  # else the next one is another, and cheaper
            self._not_before = now + min(took * COST_FACTOR, LATEST)
        self._look_at = max(now + pause, self._not_before)

    def step(self, idle: int, now: float) -> WakeStep:
        """What to do now; asked again until it is nothing."""
        if self._asleep(now) and (self._in_vain or self._budget.used_up(now)):
            return WakeStep.STAY_AWAKE
        if not idle:
            return WakeStep.NOTHING
        if self.hears and now >= self._say_at(now):
            return WakeStep.FALL_ASLEEP
        return WakeStep.LOOK if now >= self._look_at else WakeStep.NOTHING

    def seconds(self, idle: int, now: float) -> float | None:
        """How long nothing is to be done unless something happens; None for as long as it does not."""
        if not idle:
            return None
        at = min(self._look_at, self._say_at(now) if self.hears else NEVER)
        return None if at == NEVER else max(0.0, at - now)

    def _asleep(self, now: float) -> bool:
        return now < self._asleep_until

    def _say_at(self, now: float) -> float:
        """When to say, or to say again, that the host sleeps."""
        if self._asleep(now):
            return self._asleep_until - self._sleep * (1 - 1 / RENEWALS)
        return now + self._budget.seconds_to_ample(now)

    def _look_soon(self, now: float) -> None:
        self._pause = SOON
        self._look_at = min(self._look_at, max(now + SOON, self._not_before))
