"""Replaces every worker by one that imports the application anew, one after the other. A watcher; HUP asks for it.

The supervisor never imports user code, so any worker that is forked from now on has the new code; with ``--preload``,
once there is a zygote that has it. An old worker is
asked to drain once its replacement is READY, and the next is replaced once it is gone: there is one worker more than
wanted at most, and none less. If what was forked since the order does not come up, the reload is given up and the old
workers go on. Replacing itself is ``plan.py``'s, as for workers that are worn.
"""

from __future__ import annotations

from collections.abc import Sequence

from pooljobs.exit_codes import describe_exit
from pooljobs.scoreboard import EntryState, Role, Slot, Wanted
from pooljobs_supervisor.fleet.actions import Action, Kill, Retire
from pooljobs_supervisor.fleet.children import ChildRecord
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import IDLE_TICK, TICK
from pooljobs_supervisor.forking.reaped import ReapedChild
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog
from pooljobs_supervisor.zygote.zygote_state import Zygotes

READY_LIMIT = 150.0
"""Seconds in which a replacement must be READY, or the reload is given up."""

LONG_DRAIN = 5.0
"""Seconds after which an old worker that still works is worth a line in the log."""


class Reload:
    """One reload after the other, or one begun anew. ``asked_at`` is None while none is under way."""

    def __init__(
        self, fleet: FleetState, supervisor_log: SupervisorLog, *, zygotes: Zygotes | None = None, slowness: float = 0.0
    ) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = supervisor_log
        self._zygotes = zygotes
        self._slowness = slowness
        """Seconds that a start may take beyond what it may by default."""
        self.asked_at: float | None = None
        """Monotonic seconds of the last order."""
        self._leaving: ChildRecord | None = None
        """The last worker that was to be replaced."""
        self._unready_since: float | None = None
        self._failure = ""
        """Why the new code cannot be had, in words; empty as long as it seems that it can."""
        self._called_long = 0
        """Pid of the last old worker whose long drain was told."""

    def ask(self, now: float, why: str = "SIGHUP") -> None:
        """Reload, and say why. Who was replaced by an earlier order is replaced again: the code may be another."""
        again = self.asked_at is not None
        self._children.generation += 1
        self.asked_at, self._unready_since, self._failure = now, None, ""
        self._supervisor_log.reloading(why, self._children.procs, again=again)

    def check(self, now: float) -> Sequence[Action]:
        """Whom to replace next, if the fleet is complete, and whom to kill: who still boots has the old code."""
        if self.asked_at is None or not self._lifecycle.ever_ready:
            return []
        if self._lifecycle.stage is not LifecycleStage.SERVE:
            self.asked_at = None
            return []
        if not self._code_is_there(now):
            return self._give_up() if self._failure else []
        booting = [Kill(worker) for worker in self._children.outdated if worker.ready_at is None]
        if self._unready_for(now) >= self._limit:
            self._failure = self._failure or f"a worker was not ready within {self._limit:g} s"
        if self._failure:
            return [*booting, *self._give_up()]
        if booting or self._unready_since is not None:
            return booting
        return self._go_on(now)

    def next_check(self, _now: float) -> float:
        """The tick of a fleet of which something is asked; deaths wake the loop."""
        return IDLE_TICK if self.asked_at is None else TICK

    def reaped(self, reaped: ReapedChild) -> None:
        """Take note of a death. Where a worker with the new code never came up, others would not either."""
        child = reaped.child
        if self.asked_at is None or child.position.role is not Role.WORKER:
            return
        asked = reaped.status == 0 and reaped.wanted is not Wanted.RUN
        newest = child.generation == self._children.generation
        if child.ready_at is None and reaped.killed and not child.hung:
            self._children.clear_backoff(child.position)
        elif child.ready_at is None and newest and not asked:
            self._failure = f"{child.position} did not come up with the new code ({describe_exit(reaped.status)})"
        elif child.ready_at is not None and not newest and not child.retiring:
            self._supervisor_log.replaced_by_death(child)

    def _code_is_there(self, now: float) -> bool:
        """Whether workers that are forked now have the new code. If they never will, ``_failure`` says why."""
        wanted = self._children.generation
        if self._zygotes is None or self._zygotes.has(wanted):
            return True
        if how_it_ended := self._zygotes.failure(wanted):
            self._failure = f"the new code could not be loaded ({how_it_ended})"
        elif now - (self.asked_at or now) >= self._limit:
            self._failure = f"the new code was not loaded within {self._limit:g} s"
        return False

    @property
    def _limit(self) -> float:
        return READY_LIMIT + self._slowness

    def _unready_for(self, now: float) -> float:
        """Seconds for which a worker has been missing or booting."""
        vacant = any(position.role is Role.WORKER for position in self._children.vacant())
        if not (vacant or self._children.coming) and all(
            worker.ready_at is not None for worker in self._children.workers
        ):
            self._unready_since = None
            return 0.0
        if self._unready_since is None:
            self._unready_since = now
        return now - self._unready_since

    def _go_on(self, now: float) -> Sequence[Action]:
        """The fleet is complete: wait for the one that leaves, replace the next, or be done."""
        if leaving := self._children.retiring:
            self._tell_long_drain(leaving[0], now)
            return []
        if outdated := self._children.outdated:
            self._leaving = min(outdated, key=lambda worker: self._busy_for(worker, now))
            return [Retire(self._leaving, "has the old code")]
        self._supervisor_log.reloaded(self._children, now - (self.asked_at or now))
        self.asked_at = None
        return []

    def _busy_for(self, worker: ChildRecord, now: float) -> tuple[float, int]:
        """Who has run one job for long would hold up the others: the idle go first, then the positions in order."""
        slot = self._board.slot(worker.slot)
        return oldest_run(slot, now), worker.position.ordinal

    def _tell_long_drain(self, child: ChildRecord, now: float) -> None:
        relieved_at = max(
            (w.ready_at or 0.0 for w in self._children.workers if w.position == child.position), default=now
        )
        if child.pid != self._called_long and now - relieved_at >= LONG_DRAIN:
            self._called_long = child.pid
            self._supervisor_log.reload_waits(child, oldest_run(self._board.slot(child.slot), now))

    def _give_up(self) -> list[Action]:
        """Keep the old workers; a replacement that is still booting is one too many."""
        self.asked_at = None
        if self._zygotes is not None:
            self._zygotes.reject(self._children.generation)
        kills = self._keep(self._leaving) if self._leaving is not None else []
        ready = [w for w in self._children.workers if w.ready_at is not None and not w.retiring]
        outdated = sum(worker.generation < self._children.generation for worker in ready)
        self._supervisor_log.reload_given_up(self._failure, old=outdated, new=len(ready) - outdated)
        return kills

    def _keep(self, leaving: ChildRecord) -> list[Action]:
        """Let the worker that was to leave stay, unless it is gone, or was asked to leave already."""
        asked = self._board.slot(leaving.slot).wanted is not Wanted.RUN
        if asked or all(worker.pid != leaving.pid for worker in self._children.retiring):
            return []
        superfluous = [w for w in self._children.workers if w.position == leaving.position and w.pid != leaving.pid]
        leaving.retiring = False
        for worker in superfluous:
            worker.retiring = True
        self._children.clear_backoff(leaving.position)
        return [Kill(worker) for worker in superfluous]


def oldest_run(slot: Slot, now: float) -> float:
    """Seconds for which the job that has run longest has run; 0 when none runs."""
    started = [job.started_ns for job in slot.held() if job.state is EntryState.RUNNING]
    return max(0.0, now - min(started) / 1e9) if started else 0.0
