"""``--preload`` on each tick of the supervisor's loop: what zygotes said, and how they ended, goes into the books, and
what the books ask for is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from pooljobs.exit_codes import ExitCode
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK
from pooljobs_supervisor.zygote.manager import ZygoteManager
from pooljobs_supervisor.zygote.zygote_log import ZygoteLog
from pooljobs_supervisor.zygote.zygote_state import EndHungZygote, EndZygote, ForkZygote, ZygoteAction, Zygotes


class Preload:
    """Looks after the zygotes of one supervisor. ``forget`` closes, in a child, what is the supervisor's alone."""

    def __init__(
        self, fleet: FleetState, zygotes: Zygotes, *, manager: ZygoteManager, log: ZygoteLog, forget: Callable[[], None]
    ) -> None:
        self.zygotes = zygotes
        self._manager = manager
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = log
        self._forget = forget

    @property
    def pids(self) -> Collection[int]:
        """Zygotes that are to be reaped here."""
        return self._manager.pids

    def step(self, now: float) -> None:
        """Hear the zygotes, and do what is to be done about them."""
        for zygote in self._manager.hear(now):
            self._supervisor_log.ready(zygote, now)
        for zygote in self.zygotes.slow(now):
            self._supervisor_log.slow(zygote, now, self._manager.where(zygote))
        serving = self._lifecycle.stage is LifecycleStage.SERVE
        waiting = self._manager.spawn_requests.waiting()
        for action in self.zygotes.plan(self._children.generation, serving=serving, waiting=waiting, now=now):
            self._do(action, now)

    def next_check(self, now: float) -> float:
        """Seconds after which to step again, unless somebody is heard from before."""
        if self._lifecycle.stage is not LifecycleStage.SERVE:
            return IDLE_TICK
        pause = self.zygotes.pause(self._children.generation, now, longest=IDLE_TICK)
        return max(pause, min(self._children.forks.seconds_to(1, now), IDLE_TICK))

    def reap(self, pid: int, now: float) -> None:
        """A zygote has ended. If the first one could not load the application, the start has failed."""
        status = self._manager.reap(pid)
        if status is None:
            return
        zygote = self.zygotes.died(pid, status, now)
        serving = self._lifecycle.stage is LifecycleStage.SERVE
        self._supervisor_log.died(zygote, status, serving=serving, now=now)
        if serving and not (self._lifecycle.ever_ready or zygote.ready_at is not None or zygote.ended):
            self._lifecycle.fail_to_start(status, now)
            self._supervisor_log.never_loaded(status, self._lifecycle.result.name)

    def _do(self, action: ZygoteAction, now: float) -> None:
        match action:
            case ForkZygote(generation):
                self._fork_zygote(generation, now)
            case EndZygote(zygote):
                zygote.ended = True
                self._manager.kill(zygote)
            case EndHungZygote(zygote):
                if not zygote.lost:  # whose line has ended is dying by itself, as a rule
                    self._supervisor_log.hangs(zygote, self._manager.where(zygote))
                zygote.lost = True
                self._manager.kill(zygote)

    def _fork_zygote(self, generation: int, now: float) -> None:
        """Workers come from it: it needs no fork of theirs to be left over."""
        if not self._children.forks.left(now):
            return
        self._children.forks.spend(now)
        try:
            self._manager.fork_zygote(generation, self._forget, now)
        except OSError as error:
            self.zygotes.fork_failed(now)
            self._supervisor_log.not_forked(error)
            if not self._lifecycle.ever_ready:
                self._lifecycle.fail_to_start(ExitCode.WORKER_BOOT, now)
