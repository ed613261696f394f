"""One worker's life between boot and exit: claim, run, settle, and claim again at once while there is work.

The loop decides when to claim and when to leave; an executor runs the handlers (``serial_executor.py``: one at a time
in this thread; ``concurrent_executor.py``: several). What is wanted of the worker is read from the scoreboard before
every claim and, in the executor, before every job.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Protocol

from pooljobs.scoreboard import Activity
from pooljobs.scoreboard.wake import OWN, WORK
from pooljobs_worker.claims.claim_turn import ClaimTurn
from pooljobs_worker.claims.claimed_job import ClaimedJob
from pooljobs_worker.claims.claimer import Claimer, WorkerReapedError
from pooljobs_worker.components import Components
from pooljobs_worker.poll_pace import PollPace
from pooljobs_worker.session.worker_session import GaveUpError

HEARTBEATS_A_LEASE = 6
"""How often an idle worker shows that it lives; the steward renews the lease of one that did within half a lease."""


class Executor(Protocol):
    """Runs claimed jobs and sees to it that each is settled."""

    @property
    def room(self) -> int:
        """The most jobs to claim now; at 0 the loop waits to be woken."""

    def run(self, jobs: list[ClaimedJob], *, full: bool) -> None:
        """Takes a claimed batch; ``full``: as many as were asked for. May return before the jobs have ended, if
        ``room`` says so.
        """

    def rest(self) -> None:
        """Called before the loop sleeps for want of work."""

    def finish(self) -> None:
        """Returns when every job that was taken is settled or given back."""


class WorkerLoop:
    """Runs until the worker is asked to leave or its supervisor is gone."""

    def __init__(self, components: Components, claimer: Claimer, executor: Executor) -> None:
        self._child = components.child
        self._settings = components.settings.worker
        self._lease = components.lease
        self._settler = components.settler
        self._registration = components.registration
        self._log = components.log
        self._claimer = claimer
        self._executor = executor
        self._worked = True
        self._returned_ns = 0
        self._slept = False
        self._claim_turn = ClaimTurn(components.child.board, components.child.slot)
        self._pace = PollPace(
            components.child.board,
            components.child.slot,
            poll_interval=self._settings.poll_interval,
            listen=components.settings.listen,
        )

    def run(self) -> None:
        """Claims and runs until it is time to leave; then lets the executor finish what was claimed."""
        while not self._child.leaving:
            with suppress(GaveUpError):  # the database is away, and it is time to leave
                try:
                    self._turn()
                except WorkerReapedError:
                    self._revive()
        self._executor.finish()

    def _turn(self) -> None:
        now_ns = self._show_life()
        if self._lease.low(now_ns) and not self._lease.renew():
            raise WorkerReapedError
        woken = self._read_wakes()
        room = self._executor.room
        jobs = self._claim(room) if room > 0 and (woken or self._is_my_turn()) else []
        if jobs:
            self._worked = True
            self._executor.run(jobs, full=len(jobs) >= room)
        elif not self._child.leaving:
            self._idle() if room > 0 else self._wait(self._settings.poll_interval)

    def _read_wakes(self) -> bool:
        """Whether there is reason to look for jobs at once: a wake, or jobs that came back."""
        woken = bool(self._child.slot.drain_wakes())
        if woken:
            self._claimer.forget_floors()
        if returned := self._child.board.returned_ns != self._returned_ns:
            self._returned_ns = self._child.board.returned_ns
            self._claimer.forget_floors(behind=True)
        return woken or returned

    def _is_my_turn(self) -> bool:
        """Not after a sleep in which another worker has looked for all; what this one is to sweep is its own."""
        return not self._slept or self._claimer.seconds_to_sweep() == 0.0 or self._pace.due()

    def _show_life(self) -> int:
        """A heartbeat; its monotonic nanoseconds. None comes while settlements in another thread do not get through."""
        self._settler.keep_pace()
        self._child.slot.heartbeat_ns = now_ns = time.monotonic_ns()
        return now_ns

    def _claim(self, limit: int) -> list[ClaimedJob]:
        while (seconds := self._claim_turn.seconds(limit)) and not self._child.leaving:
            self._child.wait(seconds)
            self._read_wakes()
        try:
            jobs = [] if seconds else self._claimer.claim(limit)
        finally:
            self._claim_turn.over()
        self._child.slot.claimed += len(jobs)
        self._slept = False
        if not jobs:
            self._pace.found_none()
        return jobs

    def _revive(self) -> None:
        """Goes on as the same worker if nobody has declared it dead yet: its lease is past for the server alone, whose
        clock was set, or is another's since a failover.
        """
        if self._lease.renew():
            return
        self._log.warning("this worker's lease ran out and others took its jobs; registering anew")
        self._registration.register()
        self._claimer.forget_floors()

    def _idle_seconds(self) -> float:
        sweep, pause = self._claimer.seconds_to_sweep(), self._pace.seconds()
        return pause if sweep is None else min(sweep, pause)

    def _idle(self) -> None:
        """Sleeps for want of work, and says so: the steward wakes those who do. After work it looks for jobs itself."""
        slot = self._child.slot
        self._executor.rest()
        slot.idle_since_ns = time.monotonic_ns()
        self._child.board.idle_bell.wake(WORK if self._worked else OWN)
        if self._worked:
            self._pace.worked()
            self._worked = False
        self._wait(self._idle_seconds())
        self._slept = True
        slot.idle_since_ns = 0

    def _wait(self, seconds: float) -> None:
        """Sleeps until a wake, the supervisor's end, or the time; shows a heartbeat and minds the lease meanwhile."""
        self._child.slot.activity = Activity.IDLE
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self._lease.low(time.monotonic_ns()):
            self._show_life()
            if self._child.wait(min(left, self._settings.job_timeout / HEARTBEATS_A_LEASE)):
                return  # the next turn reads the wakes
