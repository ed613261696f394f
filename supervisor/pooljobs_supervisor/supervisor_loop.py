"""One step of the supervisor: take messages, note who is ready, reap the dead, move the lifecycle, carry out the plan.

Used by ``supervisor.py``. Everything is decided elsewhere: here decisions meet their effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from selectors import BaseSelector
from time import monotonic

from pooljobs.exit_codes import ExitCode
from pooljobs.scoreboard import Role, Wanted
from pooljobs_supervisor.child_processes import ChildProcesses
from pooljobs_supervisor.deadline_enforcer import DeadlineEnforcer
from pooljobs_supervisor.fleet.actions import (
    Action,
    CancelKill,
    DumpStack,
    Interrupt,
    Kill,
    KillForJob,
    KillHung,
    LookInto,
    RequestState,
    Retire,
    Spawn,
    TellBoot,
    Wake,
)
from pooljobs_supervisor.fleet.children import STEWARD, Position
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.fleet.plan import held_back, pause, plan
from pooljobs_supervisor.fleet.watchers import Watcher
from pooljobs_supervisor.forking.exit_watch import ExitWatch
from pooljobs_supervisor.forking.orphan_reaper import OrphanReaper
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog
from pooljobs_supervisor.service_manager import ServiceManager
from pooljobs_supervisor.signal_actions import SignalActions
from pooljobs_supervisor.zygote.preload import Preload


class SupervisorLoop:
    """Steps until the course is done."""

    def __init__(
        self,
        fleet: FleetState,
        supervisor_log: SupervisorLog,
        *,
        inbox: Inbox,
        signal_actions: SignalActions,
        reload: Reload,
        watch: ExitWatch,
        child_processes: ChildProcesses,
        orphan_reaper: OrphanReaper,
        manager: ServiceManager,
        watchers: tuple[Watcher, ...],
        enforcer: DeadlineEnforcer,
        preload: Preload | None = None,
    ) -> None:
        self._board = fleet.board
        self._children = fleet.children
        self._lifecycle = fleet.lifecycle
        self._supervisor_log = supervisor_log
        self._inbox = inbox
        self._signal_actions = signal_actions
        self._reload = reload
        self._watch = watch
        self._child_processes = child_processes
        self._orphan_reaper = orphan_reaper
        self._manager = manager
        self._watchers = watchers
        self._enforcer = enforcer
        self._preload = preload

    def run(self, selector: BaseSelector) -> None:
        """Step, and sleep between steps until a signal, a death or the next tick."""
        while self._step() is not LifecycleStage.DONE:
            now = monotonic()
            stopping = self._lifecycle.stage is not LifecycleStage.SERVE
            reload = self._reload.asked_at
            self._manager.report(ready=self._lifecycle.ever_ready, stopping=stopping, now=now, reload=reload)
            selector.select(min(self._manager.beat, *self._pauses(now)))
            self._board.bell.drain()

    def _pauses(self, now: float) -> Iterator[float]:
        yield pause(self._children, self._lifecycle, self._child_processes.count_slots(), now)
        yield from (watcher.next_check(now) for watcher in self._watchers)
        if self._preload is not None:
            yield self._preload.next_check(now)

    def _step(self) -> LifecycleStage:
        now = monotonic()
        for number in self._inbox.take():
            self._signal_actions.take(number, now)
        for position, error in self._child_processes.adopt(now):
            if error is None:
                self._tell_wait(position, now)
            else:
                self._refused(position, error, now)
        self._note_ready(now)
        self._see_deaths(now)
        if self._preload is not None:
            self._preload.step(now)
        for watcher in self._watchers:
            self._act(watcher.check(now), now)
        self._move(now)
        slots = self._child_processes.count_slots()
        self._act(plan(self._children, self._lifecycle, slots, now), now)
        if self._lifecycle.stage is LifecycleStage.SERVE and self._lifecycle.ever_ready:
            self._supervisor_log.held_back(held_back(self._children, slots, now), self._children.forks.a_second, now)
        return self._lifecycle.stage

    def _note_ready(self, now: float) -> None:
        for child in self._child_processes.newly_ready(now):
            if child.position.role is Role.WORKER:
                self._lifecycle.ever_ready = True
                if self._preload is not None:
                    self._preload.zygotes.prove(child.generation)
            self._supervisor_log.ready(child, sum(w.ready_at is not None for w in self._children.workers), now)

    def _see_deaths(self, now: float) -> None:
        zygotes = self._preload.pids if self._preload is not None else ()
        for pid in self._watch.ended():
            if self._preload is not None and pid in zygotes:
                self._preload.reap(pid, now)
            else:
                self._reap(pid, now)
        if not self._children.coming:  # one who comes is no orphan, though nobody knows its pid yet
            self._orphan_reaper.reap({*self._child_processes.pids, *zygotes})

    def _reap(self, pid: int, now: float) -> None:
        """A child has ended: tell it, and see whether the start has failed with it."""
        reaped = self._child_processes.reap(pid, now)
        if reaped is None:
            return
        serving, child = self._lifecycle.stage is LifecycleStage.SERVE, reaped.child
        if child.position.role is Role.WORKER and child.ready_at is not None:
            self._lifecycle.ever_ready = True  # also of one that died before it was noted to be
        self._supervisor_log.died(reaped, ending=not serving, now=now)
        self._tell_wait(child.position, now)
        if child.position == STEWARD:
            self._child_processes.wake_idle()  # who would have woken them is gone
        self._reload.reaped(reaped)
        left_on_request = reaped.status == 0 and reaped.wanted is not Wanted.RUN
        if serving and not (self._lifecycle.ever_ready or child.ready_at is not None or left_on_request):
            self._lifecycle.fail_to_start(reaped.status, now)
            self._supervisor_log.never_booted(child, reaped.status, self._lifecycle.result)

    def _tell_wait(self, position: Position, now: float) -> None:
        """Say why a position that is still wanted stays empty for now, and for how long."""
        wait = self._children.due(position) - now
        if self._lifecycle.stage is LifecycleStage.SERVE and wait > 0.0 and position in self._children.vacant():
            self._supervisor_log.kept_empty(position, self._children.failed_starts(position), wait)

    def _move(self, now: float) -> None:
        before = self._lifecycle.stage
        workers = len(self._children.workers) + self._children.coming
        steward = self._children.steward is not None
        dead = self._child_processes.count_slots().dead
        after = self._lifecycle.observe(now, workers=workers, steward=steward, dead_slots=dead)
        if after is not before:
            self._supervisor_log.moved(before, after, self._lifecycle, workers, now)

    def _act(self, actions: Iterable[Action], now: float) -> None:
        for action in actions:
            self._do(action, now)

    def _do(self, action: Action, now: float) -> None:
        match action:
            case Spawn(position):
                self._spawn(position, now)
            case RequestState(child, wanted):
                slot = self._board.slot(child.slot)
                slot.wanted = max(slot.wanted, wanted)
                slot.wake()
            case Wake(child):
                self._board.slot(child.slot).wake()
            case Kill(child):
                self._child_processes.kill(child)
            case Retire(child, why):
                child.retiring = True
                self._supervisor_log.replacing(child, why)
            case Interrupt() | DumpStack() | CancelKill() | KillForJob() | LookInto() | TellBoot() | KillHung():
                self._enforcer.enforce(action)

    def _spawn(self, position: Position, now: float) -> None:
        error = self._child_processes.spawn(position, now)
        if error is not None:
            self._refused(position, error, now)

    def _refused(self, position: Position, error: OSError, now: float) -> None:
        self._supervisor_log.not_forked(position, error, self._children.due(position) - now)
        if not self._lifecycle.ever_ready:
            self._lifecycle.fail_to_start(ExitCode.WORKER_BOOT, now)
