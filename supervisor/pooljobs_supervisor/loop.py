"""One step of the supervisor: take messages, note who is ready, bury the dead, move the course, carry out the plan.

Used by ``supervisor.py``. Everything is decided elsewhere: here decisions meet their effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from selectors import BaseSelector
from time import monotonic

from pooljobs.exit_codes import ExitCode
from pooljobs.scoreboard import Role, Scoreboard, Wanted
from pooljobs_supervisor.enforcer import Enforcer
from pooljobs_supervisor.fleet.actions import (
    Action,
    Ask,
    Execute,
    Expose,
    Interrupt,
    Kill,
    KillHung,
    LookInto,
    Retire,
    Spare,
    Spawn,
    TellBoot,
    Wake,
)
from pooljobs_supervisor.fleet.children import STEWARD, Children, Place
from pooljobs_supervisor.fleet.course import Course, Stage
from pooljobs_supervisor.fleet.plan import held_back, pause, plan
from pooljobs_supervisor.fleet.watchers import Watcher
from pooljobs_supervisor.forking.deaths import DeathWatch
from pooljobs_supervisor.forking.signals import Inbox
from pooljobs_supervisor.forking.strangers import Strangers
from pooljobs_supervisor.nursery import Nursery
from pooljobs_supervisor.orders import Orders
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.service_manager import ServiceManager
from pooljobs_supervisor.telling.story import Story
from pooljobs_supervisor.zygote.preload import Preload


@dataclass(frozen=True, slots=True)
class Loop:
    """Steps until the course is done."""

    _board: Scoreboard
    _children: Children
    _course: Course
    _story: Story
    _inbox: Inbox
    _orders: Orders
    _reload: Reload
    _watch: DeathWatch
    _nursery: Nursery
    _strangers: Strangers
    _manager: ServiceManager
    _watchers: tuple[Watcher, ...]
    _enforcer: Enforcer
    _preload: Preload | None = None

    def run(self, selector: BaseSelector) -> None:
        """Step, and sleep between steps until a signal, a death or the next tick."""
        while self._step() is not Stage.DONE:
            now = monotonic()
            stopping = self._course.stage is not Stage.SERVE
            reload = self._reload.asked_at
            self._manager.report(ready=self._course.ever_ready, stopping=stopping, now=now, reload=reload)
            selector.select(min(self._manager.beat, *self._pauses(now)))
            self._board.bell.drain()

    def _pauses(self, now: float) -> Iterator[float]:
        yield pause(self._children, self._course, self._nursery.count_slots(), now)
        yield from (watcher.pause(now) for watcher in self._watchers)
        if self._preload is not None:
            yield self._preload.pause(now)

    def _step(self) -> Stage:
        now = monotonic()
        for number in self._inbox.take():
            self._orders.take(number, now)
        for place, error in self._nursery.admit(now):
            if error is None:
                self._tell_wait(place, now)
            else:
                self._refused(place, error, now)
        self._note_ready(now)
        self._see_deaths(now)
        if self._preload is not None:
            self._preload.step(now)
        for watcher in self._watchers:
            self._act(watcher.look(now), now)
        self._move(now)
        slots = self._nursery.count_slots()
        self._act(plan(self._children, self._course, slots, now), now)
        if self._course.stage is Stage.SERVE and self._course.ever_ready:
            self._story.held_back(held_back(self._children, slots, now), self._children.forks.a_second, now)
        return self._course.stage

    def _note_ready(self, now: float) -> None:
        for child in self._nursery.newly_ready(now):
            if child.place.role is Role.WORKER:
                self._course.ever_ready = True
                if self._preload is not None:
                    self._preload.zygotes.prove(child.generation)
            self._story.ready(child, sum(w.ready_at is not None for w in self._children.workers), now)

    def _see_deaths(self, now: float) -> None:
        zygotes = self._preload.pids if self._preload is not None else ()
        for pid in self._watch.ended():
            if self._preload is not None and pid in zygotes:
                self._preload.bury(pid, now)
            else:
                self._bury(pid, now)
        if not self._children.coming:  # one who comes is no stranger, though nobody knows its pid yet
            self._strangers.reap({*self._nursery.pids, *zygotes})

    def _bury(self, pid: int, now: float) -> None:
        """A child has ended: tell it, and see whether the start has failed with it."""
        burial = self._nursery.bury(pid, now)
        if burial is None:
            return
        serving, child = self._course.stage is Stage.SERVE, burial.child
        if child.place.role is Role.WORKER and child.ready_at is not None:
            self._course.ever_ready = True  # also of one that died before it was noted to be
        self._story.died(burial, ending=not serving, now=now)
        self._tell_wait(child.place, now)
        if child.place == STEWARD:
            self._nursery.wake_idle()  # who would have woken them is gone
        self._reload.buried(burial)
        left_on_request = burial.status == 0 and burial.wanted is not Wanted.RUN
        if serving and not (self._course.ever_ready or child.ready_at is not None or left_on_request):
            self._course.fail_to_start(burial.status, now)
            self._story.never_booted(child, burial.status, self._course.result)

    def _tell_wait(self, place: Place, now: float) -> None:
        """Say why a place that is still wanted stays empty for now, and for how long."""
        wait = self._children.due(place) - now
        if self._course.stage is Stage.SERVE and wait > 0.0 and place in self._children.vacant():
            self._story.kept_empty(place, self._children.failed_starts(place), wait)

    def _move(self, now: float) -> None:
        before = self._course.stage
        workers = len(self._children.workers) + self._children.coming
        steward = self._children.steward is not None
        dead = self._nursery.count_slots().dead
        after = self._course.observe(now, workers=workers, steward=steward, dead_slots=dead)
        if after is not before:
            self._story.moved(before, after, self._course, workers, now)

    def _act(self, actions: Iterable[Action], now: float) -> None:
        for action in actions:
            self._do(action, now)

    def _do(self, action: Action, now: float) -> None:
        match action:
            case Spawn(place):
                self._spawn(place, now)
            case Ask(child, wanted):
                slot = self._board.slot(child.slot)
                slot.wanted = max(slot.wanted, wanted)
                slot.wake()
            case Wake(child):
                self._board.slot(child.slot).wake()
            case Kill(child):
                self._nursery.kill(child)
            case Retire(child, why):
                child.retiring = True
                self._story.replacing(child, why)
            case Interrupt() | Expose() | Spare() | Execute() | LookInto() | TellBoot() | KillHung():
                self._enforcer.enforce(action)

    def _spawn(self, place: Place, now: float) -> None:
        error = self._nursery.spawn(place, now)
        if error is not None:
            self._refused(place, error, now)

    def _refused(self, place: Place, error: OSError, now: float) -> None:
        self._story.not_forked(place, error, self._children.due(place) - now)
        if not self._course.ever_ready:
            self._course.fail_to_start(ExitCode.WORKER_BOOT, now)
