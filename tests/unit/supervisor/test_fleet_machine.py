"""Any history of births, deaths and signals: never too many children, and every drain ends.

A model fleet obeys the plan the way processes might: some never boot, some ignore what they are asked, a steward may
free slots or not. Only SIGKILL always works, and in one rule not even that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pooljobs.scoreboard import Role, Scoreboard, SlotState, Wanted, most_workers, slots_for
from pooljobs_supervisor.fleet.actions import Action, Kill, RequestState, Retire, Spawn
from pooljobs_supervisor.fleet.children import ChildRecord, Children
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import STAGE_TIMEOUT, Lifecycle, LifecycleStage
from pooljobs_supervisor.fleet.plan import SlotCount, pause, plan
from pooljobs_supervisor.forking.reaped import ReapedChild
from pooljobs_supervisor.reload import Reload
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog

DRAIN_LIMIT = 5.0
BOOT = 0.6
"""Seconds, some ticks, that an undisturbed boot takes: who is asked to leave too early is gone before."""
LOG = logging.getLogger("fleet machine")
LOG.setLevel(logging.CRITICAL)


class Fleet(RuleBasedStateMachine):
    @initialize(procs=st.integers(min_value=1, max_value=4))
    def start(self, procs: int) -> None:
        self.procs = procs
        self.most = most_workers(procs)
        self.children = Children(procs, self.most)
        self.lifecycle = Lifecycle(DRAIN_LIMIT)
        self.slots = dict.fromkeys(range(slots_for(procs)), SlotState.FREE)
        self.now = 1000.0
        self.next_pid = 1
        self.last_stage = LifecycleStage.SERVE
        self.spawned: list[tuple[LifecycleStage, Spawn]] = []
        self.board = Scoreboard.create(slots_for(procs), 1)
        supervisor_log = SupervisorLog(LOG, procs, lambda wanted: wanted)
        self.reload = Reload(FleetState(self.board, self.children, self.lifecycle), supervisor_log)
        self.last_generation = 0

    def count(self) -> SlotCount:
        states = list(self.slots.values())
        return SlotCount(states.count(SlotState.FREE), states.count(SlotState.DEAD))

    def done(self) -> bool:
        return self.lifecycle.stage is LifecycleStage.DONE

    def step(self, *, killable: bool = True) -> list[Action]:
        workers, steward = len(self.children.workers), self.children.steward is not None
        self.lifecycle.observe(self.now, workers=workers, steward=steward, dead_slots=self.count().dead)
        looked = [*self.reload.check(self.now)]
        self.carry_out(looked, killable=killable)
        planned = plan(self.children, self.lifecycle, self.count(), self.now)
        self.carry_out(planned, killable=killable)
        return planned

    def carry_out(self, actions: list[Action], *, killable: bool) -> None:
        for action in actions:
            if isinstance(action, Spawn):
                self.fork(action)
            elif isinstance(action, Kill) and killable:
                self.reap(action.child, -9, killed=True)
            elif isinstance(action, RequestState):
                slot = self.board.slot(action.child.slot)
                slot.wanted = max(slot.wanted, action.wanted)
            elif isinstance(action, Retire):
                assert not self.children.retiring, "two are replaced at a time"
                action.child.retiring = True

    def fork(self, action: Spawn) -> None:
        assert self.children.forks.left(self.now), "more forks than the fleet has"
        self.children.forks.spend(self.now)
        slot = next(index for index, state in self.slots.items() if state is SlotState.FREE)
        self.slots[slot] = SlotState.BOOTING
        self.board.slot(slot).wanted = Wanted.RUN
        generation = self.children.generation
        self.children.forked(
            ChildRecord(action.position, self.next_pid, slot=slot, forked=self.now, generation=generation)
        )
        self.next_pid += 1
        self.spawned.append((self.lifecycle.stage, action))

    def reap(self, child: ChildRecord, status: int, *, killed: bool = False) -> None:
        self.children.died(child.pid, self.now)
        wanted = self.board.slot(child.slot).wanted
        self.reload.reaped(ReapedChild(child, status, held=0, killed=killed, wanted=wanted))
        worker_with_jobs = child.position.role is Role.WORKER and child.ready_at is not None
        self.slots[child.slot] = SlotState.DEAD if worker_with_jobs else SlotState.FREE
        if self.lifecycle.stage is LifecycleStage.SERVE and not self.lifecycle.ever_ready and child.ready_at is None:
            self.lifecycle.fail_to_start(status, self.now)

    @rule(seconds=st.floats(min_value=0.0, max_value=20.0))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.step()

    @precondition(lambda self: self.children.all)
    @rule(data=st.data())
    def get_ready(self, data: st.DataObject) -> None:
        child = data.draw(st.sampled_from(self.children.all))
        child.ready_at = child.ready_at or self.now
        if child.position.role is Role.WORKER:
            self.lifecycle.ever_ready = True

    @precondition(lambda self: self.children.all)
    @rule(data=st.data(), status=st.sampled_from([0, 1, 3, -9, -11]))
    def die(self, data: st.DataObject, status: int) -> None:
        self.reap(data.draw(st.sampled_from(self.children.all)), status)
        self.step()

    @rule()
    def settle_one(self) -> None:
        dead = [index for index, state in self.slots.items() if state is SlotState.DEAD]
        if dead and self.children.steward is not None:
            self.slots[dead[0]] = SlotState.FREE

    @precondition(lambda self: self.children.workers and not self.children.retiring)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        child = data.draw(st.sampled_from(self.children.workers))
        child.retiring = child.ready_at is not None

    @rule()
    def hang_up(self) -> None:
        if self.lifecycle.stage is LifecycleStage.SERVE:
            self.reload.ask(self.now)
            self.step()

    @precondition(lambda self: self.children.replaced)
    @rule()
    def the_replaced_one_leaves(self) -> None:
        for child in self.children.replaced:
            self.reap(child, 0)
        self.step()

    @precondition(lambda self: self.lifecycle.ever_ready and self.lifecycle.stage is LifecycleStage.SERVE)
    @rule()
    def a_reload_alone_takes_no_worker_away(self) -> None:
        """From wherever it is: while nobody dies by itself, all that are wanted stay READY, and get the new code."""
        self.serve_undisturbed(until=lambda: all(self.stays(worker) for worker in self.children.workers))
        if self.lifecycle.stage is not LifecycleStage.SERVE:
            return
        self.reload.ask(self.now)
        self.serve_undisturbed(until=lambda: self.reload.asked_at is None, at_least=self.children.procs)
        assert [worker.generation for worker in self.children.workers] == [
            self.children.generation
        ] * self.children.procs

    def stays(self, worker: ChildRecord) -> bool:
        """Ready, and not asked to leave: who was surplus for a moment leaves all the same."""
        return worker.ready_at is not None and self.board.slot(worker.slot).wanted is Wanted.RUN

    def serve_undisturbed(self, *, until: Callable[[], bool], at_least: int = 0) -> None:
        """Everybody comes up and leaves when asked, and the steward frees slots."""
        for _ in range(1000):
            self.step()
            ready = [worker for worker in self.children.workers if worker.ready_at is not None]
            assert len(ready) >= at_least
            assert len(self.children.workers) <= self.children.procs + 1 + len(self.children.surplus)
            complete = not self.children.vacant() and not self.children.surplus and not self.children.retiring
            if complete and until():
                return
            for child in self.children.all:
                if self.now >= child.forked + BOOT:
                    child.ready_at = child.ready_at or self.now
                if self.board.slot(child.slot).wanted is not Wanted.RUN:
                    self.reap(child, 0)
            self.settle_one()
            self.now += pause(self.children, self.lifecycle, self.count(), self.now)
        raise AssertionError("it never came to rest")

    @rule(by=st.sampled_from([1, -1]))
    def resize(self, by: int) -> None:
        if self.lifecycle.stage is LifecycleStage.SERVE:
            self.children.resize(self.children.procs + by)

    @rule()
    def signal(self) -> None:
        self.lifecycle.escalate(self.now)
        self.step()

    @invariant()
    def never_too_many(self) -> None:
        assert len(self.children.workers) <= self.most + 1  # one of them is being replaced
        taken = sum(state is not SlotState.FREE for state in self.slots.values())
        assert len(self.children.all) <= taken <= len(self.slots)

    @invariant()
    def stages_only_rise(self) -> None:
        assert self.lifecycle.stage >= self.last_stage
        self.last_stage = self.lifecycle.stage

    @invariant()
    def generations_only_rise(self) -> None:
        assert self.children.generation >= self.last_generation
        assert all(child.generation <= self.children.generation for child in self.children.all)
        self.last_generation = self.children.generation

    @invariant()
    def one_at_a_time_is_replaced(self) -> None:
        assert len(self.children.retiring) <= 1

    @invariant()
    def nobody_new_while_leaving_but_the_steward(self) -> None:
        late = [spawn.position.role for stage, spawn in self.spawned if stage is not LifecycleStage.SERVE]
        assert Role.WORKER not in late
        assert all(stage <= LifecycleStage.SETTLE for stage, _ in self.spawned)

    @invariant()
    def the_loop_never_oversleeps(self) -> None:
        assert 0.0 <= pause(self.children, self.lifecycle, self.count(), self.now) <= 1.0

    def teardown(self) -> None:
        """From wherever it is, and whoever refuses to leave: one signal, and it is over within its bounds."""
        if not hasattr(self, "lifecycle"):
            return
        try:
            self.end()
        finally:
            self.board.close()

    def end(self) -> None:
        self.lifecycle.escalate(self.now)
        limit = self.now + DRAIN_LIMIT + 4 * STAGE_TIMEOUT
        while not self.done():
            assert self.now < limit, self.lifecycle
            self.step(killable=self.procs != 3)  # a fleet of 3 has processes that not even SIGKILL ends
            self.now += max(pause(self.children, self.lifecycle, self.count(), self.now), 0.01)
        if self.procs != 3:
            assert not self.children.workers
            assert self.children.steward is None


class ObedientFleet(Fleet):
    """The same, but every child leaves when it is asked, and the steward frees slots: then the end is no force."""

    def end(self) -> None:
        if self.lifecycle.stage is not LifecycleStage.SERVE:
            return
        self.lifecycle.escalate(self.now)
        while not self.done():
            for action in self.step():
                assert not isinstance(action, Kill)
                if isinstance(action, RequestState):
                    self.reap(action.child, 0)
            self.settle_one()
            self.now += 0.25
        assert not self.children.all
        assert not self.lifecycle.forced


TestFleet = Fleet.TestCase
TestObedientFleet = ObedientFleet.TestCase
