"""The watcher of late jobs: whom it looks at, how often, and what it asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Role, Scoreboard, Slot
from pooljobs_supervisor.deadline_enforcer import why
from pooljobs_supervisor.fleet.actions import CancelKill, DumpStack, Interrupt, KillForJob
from pooljobs_supervisor.fleet.children import ChildRecord, Children, Position
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.fleet.plan import EAGER_TICK, IDLE_TICK
from pooljobs_supervisor.forking.stack_files import StackFiles
from pooljobs_supervisor.limits.deadline_watcher import DeadlineWatcher

SECOND = 10**9


class Watched:
    """One worker that this process's pid stands for, and the watcher on it."""

    def __init__(self) -> None:
        self.board = Scoreboard.create(2, 4)
        self.child = ChildRecord(Position(Role.WORKER, 1), os.getpid(), slot=0, forked=0.0, ready_at=1.0)
        children = Children(1)
        children.forked(self.child)
        self.lifecycle = Lifecycle(30.0)
        self.stack_files = StackFiles()
        self.stack_files.keep(os.getpid(), self.stack_files.make())
        self.watcher = DeadlineWatcher(FleetState(self.board, children, self.lifecycle), self.stack_files)

    @property
    def slot(self) -> Slot:
        return self.board.slot(0)

    def begin(self, entry: int, *, soft: int = 0, hard: int = 0) -> None:
        """A job that begins at second 100, with limits at these seconds."""
        self.slot.hold(entry, bytes(16), 1, 7)
        self.slot.limit(entry, soft * SECOND, hard * SECOND)
        self.slot.start(entry, 100 * SECOND)


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.stack_files.close()
    one.board.close()


def test_a_late_job_is_interrupted_then_exposed_then_killed_for(watched: Watched) -> None:
    watched.begin(1, soft=110, hard=120)
    assert watched.watcher.check(109.5) == []
    assert watched.watcher.next_check(109.5) == pytest.approx(0.5)
    assert watched.watcher.check(110.0) == [Interrupt(watched.child)]
    assert watched.watcher.check(120.0) == [DumpStack(watched.child)]
    assert watched.watcher.next_check(120.0) <= 0.05
    (action,) = watched.watcher.check(120.3)
    assert isinstance(action, KillForJob)
    assert action.job.entry == 1
    assert why(action.job, 120 * SECOND) == "has passed its hard time limit of 20 s"
    assert why(action.job, 119 * SECOND) == "does not end, though it was cancelled"


def test_a_job_that_ends_meanwhile_saves_its_worker(watched: Watched) -> None:
    watched.begin(1, hard=120)
    assert watched.watcher.check(120.0) == [DumpStack(watched.child)]
    watched.slot.free(1)
    assert watched.watcher.check(120.01) == [CancelKill(watched.child)]
    assert watched.watcher.check(130.0) == []


def test_it_looks_at_the_pace_of_the_shortest_limit(watched: Watched) -> None:
    """A job that begins right after a look cannot be late before the next one."""
    watched.watcher.check(100.0)
    assert watched.watcher.next_check(100.0) == IDLE_TICK
    for limit_ns, pause in [(60 * SECOND, IDLE_TICK), (SECOND // 2, 0.5), (1000, EAGER_TICK)]:
        watched.slot.shortest_limit_ns = limit_ns
        assert watched.watcher.next_check(100.0) == pause


def test_a_worker_that_is_not_ready_is_left_alone(watched: Watched) -> None:
    watched.begin(1, hard=101)
    watched.child.ready_at = None
    assert watched.watcher.check(200.0) == []


@pytest.mark.parametrize("stage", [LifecycleStage.SERVE, LifecycleStage.DRAIN, LifecycleStage.RELEASE])
def test_limits_hold_while_the_fleet_drains(watched: Watched, stage: LifecycleStage) -> None:
    watched.lifecycle.stage = stage
    watched.begin(1, hard=101)
    assert watched.watcher.check(200.0) == [DumpStack(watched.child)]


def test_who_is_killed_anyway_is_not_looked_at(watched: Watched) -> None:
    watched.lifecycle.stage = LifecycleStage.KILL
    watched.begin(1, hard=101)
    assert watched.watcher.check(200.0) == []
