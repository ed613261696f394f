"""What a reload asks for, step by step; whole histories are in ``test_fleet_machine.py``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pooljobs.scoreboard import Role, Scoreboard, Wanted
from pooljobs_supervisor.fleet.actions import Kill, Retire
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.forking.reaped import ReapedChild
from pooljobs_supervisor.reload import LONG_DRAIN, READY_LIMIT, Reload, oldest_run
from pooljobs_supervisor.reporting.supervisor_log import SupervisorLog
from pooljobs_supervisor.zygote.zygote_state import EndZygote, ZygoteRecord, Zygotes

SECOND = 10**9


@dataclass
class House:
    """A fleet of two and its reload."""

    board: Scoreboard
    children: Children
    lifecycle: Lifecycle
    reload: Reload

    def forked(self, ordinal: int, pid: int, *, ready_at: float | None = None) -> ChildRecord:
        position = Position(Role.WORKER, ordinal)
        record = ChildRecord(
            position, pid, slot=pid, forked=0.0, ready_at=ready_at, generation=self.children.generation
        )
        self.children.forked(record)
        return record

    def dies(self, child: ChildRecord, status: int, *, killed: bool = False, wanted: Wanted = Wanted.RUN) -> None:
        self.children.died(child.pid, 5.0)
        self.reload.reaped(ReapedChild(child, status, held=0, killed=killed, wanted=wanted))

    def retires(self, now: float = 1.0) -> ChildRecord:
        (action,) = self.reload.check(now)
        assert isinstance(action, Retire)
        action.child.retiring = True
        return action.child


@pytest.fixture
def house(caplog: pytest.LogCaptureFixture) -> Iterator[House]:
    caplog.set_level(logging.INFO)
    board, children, lifecycle = Scoreboard.create(10, 4), Children(2), Lifecycle(30.0, ever_ready=True)
    supervisor_log = SupervisorLog(logging.getLogger("test"), 2, lambda procs: procs)
    house = House(board, children, lifecycle, Reload(FleetState(board, children, lifecycle), supervisor_log))
    children.forked(ChildRecord(STEWARD, 0, slot=0, forked=0.0, ready_at=0.1))
    house.forked(1, 1, ready_at=0.1)
    house.forked(2, 2, ready_at=0.1)
    yield house
    board.close()


def test_nothing_is_asked_for_without_an_order(house: House) -> None:
    assert house.reload.check(1.0) == []
    assert house.children.outdated == []


def test_one_is_replaced_after_the_other_and_the_next_when_the_last_is_gone(house: House) -> None:
    house.reload.ask(1.0)
    first = house.retires()
    assert house.reload.check(1.1) == []
    replacement = house.forked(1, 3)
    assert house.reload.check(1.2) == []
    replacement.ready_at = 1.5
    assert house.reload.check(1.6) == []
    house.dies(first, 0, wanted=Wanted.DRAIN)
    second = house.retires(1.7)
    assert (first.pid, second.pid) == (1, 2)
    house.forked(2, 4, ready_at=2.0)
    house.dies(second, 0, wanted=Wanted.DRAIN)
    assert house.reload.check(2.5) == []
    assert house.reload.asked_at is None


def test_who_has_run_one_job_for_long_is_replaced_last(house: House) -> None:
    for ordinal, started in ((1, 10), (2, 90)):
        house.board.slot(ordinal).hold(0, bytes(16), 1, 1)
        house.board.slot(ordinal).start(0, started * SECOND)
    assert oldest_run(house.board.slot(1), 100.0) == 90.0
    house.reload.ask(100.0)
    assert house.retires(100.0).pid == 2


def test_a_long_drain_is_told_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.reload.ask(1.0)
    first = house.retires()
    house.forked(1, 3, ready_at=2.0)
    for now in (2.0, 2.0 + LONG_DRAIN, 3.0 + LONG_DRAIN):
        assert house.reload.check(now) == []
    assert (
        caplog.messages.count(f"worker 1 (pid {first.pid}) has jobs to finish: the reload goes on when it is gone") == 1
    )


def test_a_replacement_that_dies_before_it_is_ready_ends_it_and_the_old_one_stays(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.reload.ask(1.0)
    old = house.retires()
    house.dies(house.forked(1, 3), 3)
    assert house.reload.check(1.2) == []
    assert not old.retiring
    assert house.children.vacant() == []
    assert house.children.due(old.position) == float("-inf")
    told = "worker 1 did not come up with the new code (exit code 3); the 2 old workers go on"
    assert f"reload given up: {told}" in caplog.messages
    assert house.reload.check(1.3) == []


def test_one_that_is_killed_because_its_boot_hangs_ends_it_too(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.reload.ask(1.0)
    old = house.retires()
    hangs = house.forked(1, 3)
    hangs.hung = True
    house.dies(hangs, -9, killed=True)
    assert house.reload.check(1.2) == []
    assert not old.retiring
    assert "worker 1 did not come up with the new code (killed by SIGKILL)" in caplog.text


def test_a_replacement_that_takes_too_long_is_killed_and_the_old_one_stays(house: House) -> None:
    house.reload.ask(1.0)
    old = house.retires()
    late = house.forked(1, 3)
    assert house.reload.check(2.0) == []
    assert house.reload.check(2.0 + READY_LIMIT - 0.1) == []
    assert house.reload.check(2.0 + READY_LIMIT) == [Kill(late)]
    assert (old.retiring, late.retiring) == (False, True)
    house.dies(late, -9, killed=True)
    assert house.children.vacant() == []
    assert house.reload.check(500.0) == []


def test_a_replacement_that_was_asked_to_leave_is_no_failure(house: House) -> None:
    house.reload.ask(1.0)
    house.retires()
    house.dies(house.forked(1, 3), 0, wanted=Wanted.DRAIN)
    assert house.reload.check(1.2) == []
    assert house.reload.asked_at == 1.0
    assert house.children.vacant() == [Position(Role.WORKER, 1)]


def test_an_old_one_that_was_asked_to_drain_cannot_be_kept(house: House) -> None:
    house.reload.ask(1.0)
    old = house.retires()
    house.forked(1, 3, ready_at=1.1)
    house.board.slot(old.slot).wanted = Wanted.DRAIN
    house.dies(house.children.workers[2], -11)
    house.dies(house.forked(1, 4), 3)
    house.reload.check(2.0)
    assert old.retiring
    assert house.reload.asked_at is None


def test_another_order_replaces_everybody_and_kills_what_still_boots(house: House) -> None:
    house.reload.ask(1.0)
    house.retires()
    stuck = house.forked(1, 3)
    house.reload.ask(2.0)
    assert house.reload.check(2.1) == [Kill(stuck)]
    house.dies(stuck, -9, killed=True)
    assert house.children.due(stuck.position) == float("-inf")
    assert house.reload.check(2.2) == []
    assert house.reload.asked_at == 2.0
    assert {worker.generation for worker in house.children.outdated} == {0}


def test_nobody_else_is_replaced_while_somebody_is_missing_or_worn(house: House) -> None:
    worn = house.children.workers[1]
    worn.retiring = True
    house.reload.ask(1.0)
    assert house.reload.check(1.1) == []
    house.forked(2, 3, ready_at=1.2)
    assert house.reload.check(1.3) == []
    house.dies(worn, 0, wanted=Wanted.DRAIN)
    assert house.retires(1.4).pid == 1


def test_an_end_ends_it(house: House) -> None:
    house.reload.ask(1.0)
    house.lifecycle.escalate(1.1)
    assert house.lifecycle.stage is LifecycleStage.DRAIN
    assert house.reload.check(1.2) == []
    assert house.reload.asked_at is None


def test_before_anybody_was_ready_it_waits(house: House) -> None:
    house.lifecycle.ever_ready = False
    house.reload.ask(1.0)
    assert house.reload.check(1.1) == []
    house.lifecycle.ever_ready = True
    assert house.retires(1.2).pid == 1


def preloading(house: House) -> Zygotes:
    """From now on workers come from a zygote, and there is one."""
    zygotes = Zygotes()
    zygotes.forked(ZygoteRecord(900, 0, forked=0.0, ready_at=0.1))
    house.reload._zygotes = zygotes
    return zygotes


def test_with_preload_nobody_is_replaced_before_the_new_code_has_loaded(house: House) -> None:
    zygotes = preloading(house)
    house.reload.ask(1.0)
    zygotes.forked(new := ZygoteRecord(901, 1, forked=1.0))
    assert house.reload.check(60.0) == []
    zygotes.ready(new, 60.0)
    assert house.retires(60.1).pid == 1


def test_with_preload_code_that_does_not_load_ends_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    zygotes = preloading(house)
    house.reload.ask(1.0)
    zygotes.forked(ZygoteRecord(901, 1, forked=1.0))
    zygotes.died(901, 3, 2.0)
    assert house.reload.check(2.1) == []
    told = "the new code could not be loaded (exit code 3); the 2 old workers go on"
    assert f"reload given up: {told}" in caplog.messages
    assert house.children.retiring == []


def test_with_preload_code_that_takes_too_long_to_load_is_done_without(house: House) -> None:
    zygotes = preloading(house)
    house.reload.ask(1.0)
    zygotes.forked(late := ZygoteRecord(901, 1, forked=1.0))
    assert house.reload.check(1.0 + READY_LIMIT - 0.1) == []
    at_first = house.reload.asked_at
    assert house.children.generation == 1
    assert house.reload.check(1.0 + READY_LIMIT) == []
    assert (at_first, house.reload.asked_at) == (1.0, None)
    assert EndZygote(late) in zygotes.plan(1, serving=True, waiting={}, now=122.0)


def test_with_preload_the_fleet_is_not_complete_while_somebody_is_on_the_way(house: House) -> None:
    preloading(house)
    house.children.died(2, 0.5)
    house.children.expect(Position(Role.WORKER, 2), 5)
    zygotes = house.reload._zygotes
    assert zygotes is not None
    house.reload.ask(1.0)
    zygotes.forked(ZygoteRecord(901, 1, forked=1.0, ready_at=1.0))
    assert house.reload.check(1.1) == []
    house.children.come(Position(Role.WORKER, 2))
    house.forked(2, 4, ready_at=1.2)
    assert house.retires(1.3).pid == 1
