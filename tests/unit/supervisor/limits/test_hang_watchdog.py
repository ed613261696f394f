"""Who hangs for good, by the signs of life on the scoreboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pooljobs.scoreboard import Activity, EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_supervisor.fleet.actions import KillHung, LookInto, TellBoot
from pooljobs_supervisor.fleet.children import SLOW_BOOT, STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.fleet.fleet_state import FleetState
from pooljobs_supervisor.fleet.lifecycle import Lifecycle, LifecycleStage
from pooljobs_supervisor.limits.hang_watchdog import LEAST, HangWatchdog

TIMEOUT = 30.0
BOOT = 100.0
WORKER, STEWARDS = 0, 1


class Scene:
    """A worker and a steward that are READY, and a clock that the looks follow."""

    def __init__(self, board: Scoreboard) -> None:
        self.board = board
        self.lifecycle = Lifecycle(30.0)
        self.children = Children(1)
        self.stopped: set[int] = set()
        for index, position in ((WORKER, Position(Role.WORKER, 1)), (STEWARDS, STEWARD)):
            slot = board.slot(index)
            slot.state, slot.role = SlotState.READY, position.role
            self.children.forked(ChildRecord(position, 100 + index, slot=index, forked=0.0, ready_at=0.0))
        self.hung = HangWatchdog(
            FleetState(board, self.children, self.lifecycle),
            job_timeout=TIMEOUT,
            boot_timeout=BOOT,
            stopped=lambda pid: pid in self.stopped,
        )
        self.asked: list[str] = []
        self.told: list[float] = []
        self.now = 1000.0
        self.hung.check(self.now)

    @property
    def worker(self) -> Slot:
        return self.board.slot(WORKER)

    def killed(self, seconds: float, *, step: float = 1.0, each: Callable[[], None] = lambda: None) -> list[str]:
        """Who is asked for within so many seconds of looking."""
        found: list[str] = []
        for _ in range(round(seconds / step)):
            self.now += step
            each()
            done = self.hung.check(self.now)
            self.asked += [str(action.child.position) for action in done if isinstance(action, LookInto)]
            self.told += [action.silent for action in done if isinstance(action, TellBoot)]
            found += [str(action.child.position) for action in done if isinstance(action, KillHung)]
        return found

    def steward_beats(self) -> None:
        self.board.slot(STEWARDS).heartbeat_ns = int(self.now * 1e9)

    def worker_beats(self) -> None:
        self.worker.heartbeat_ns = int(self.now * 1e9)


@pytest.fixture
def scene() -> Iterator[Scene]:
    board = Scoreboard.create(2, 4)
    yield Scene(board)
    board.close()


def test_a_silent_worker_is_killed_after_its_lease_and_not_before(scene: Scene) -> None:
    assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []
    assert scene.killed(2, each=scene.steward_beats) == ["worker 1"]


def test_it_is_asked_for_again_while_it_is_still_there(scene: Scene) -> None:
    assert scene.killed(3 * (TIMEOUT + 1), each=scene.steward_beats) == ["worker 1"] * 3


def test_a_short_lease_does_not_make_it_hasty(scene: Scene) -> None:
    scene.hung.job_timeout = 1.0
    assert scene.killed(LEAST - 1, each=scene.steward_beats) == []
    assert scene.killed(2, each=scene.steward_beats) == ["worker 1"]


@pytest.mark.parametrize("activity", [Activity.IDLE, Activity.WAITING_FOR_DATABASE])
def test_a_heartbeat_is_a_sign_of_life_whatever_it_does(scene: Scene, activity: Activity) -> None:
    scene.worker.activity = activity
    for _ in range(10):
        assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []
        scene.worker_beats()


def test_so_is_a_job_that_begins_or_ends_without_any_heartbeat(scene: Scene) -> None:
    """A batch of many jobs shows no heartbeat, and a look may fall between two of them."""
    scene.worker.hold(0, bytes(16), 1, 1)
    for number in range(10):
        scene.worker.start(0, 1000 + number)
        scene.worker.mark(0, EntryState.DONE)
        assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []


def test_a_worker_in_a_handler_is_left_to_the_time_limits(scene: Scene) -> None:
    scene.worker.hold(0, bytes(16), 1, 1)
    scene.worker.mark(0, EntryState.RUNNING)
    assert scene.killed(10 * TIMEOUT, each=scene.steward_beats) == []
    scene.worker.mark(0, EntryState.DONE)
    assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == [], "from its end on it has its time"


def test_one_that_is_dead_is_left_alone(scene: Scene) -> None:
    scene.worker.state = SlotState.DEAD
    assert scene.killed(2 * TIMEOUT, each=scene.steward_beats) == []


def test_a_slow_boot_is_told_once_with_where_it_is_and_then_ended(scene: Scene) -> None:
    scene.worker.state = SlotState.BOOTING
    assert scene.killed(SLOW_BOOT - 1, each=scene.steward_beats) == []
    assert (scene.asked, scene.told) == ([], [])
    assert scene.killed(BOOT - SLOW_BOOT + 1, each=scene.steward_beats) == []
    assert (scene.asked, scene.told) == (["worker 1", "worker 1"], [SLOW_BOOT + 1])
    assert scene.killed(2, each=scene.steward_beats) == ["worker 1"]


def test_a_boot_that_waits_for_its_database_shows_signs_of_life(scene: Scene) -> None:
    scene.worker.state = SlotState.BOOTING
    for _ in range(10):
        assert scene.killed(SLOW_BOOT, each=scene.steward_beats) == []
        scene.worker_beats()
    assert scene.told == []


def test_a_stewards_boot_is_told_and_not_ended(scene: Scene) -> None:
    scene.board.slot(STEWARDS).state = SlotState.BOOTING
    assert scene.killed(10 * BOOT, each=scene.worker_beats) == []
    assert scene.told == [SLOW_BOOT + 1]


def test_one_that_was_stopped_has_its_whole_time_when_it_goes_on(scene: Scene) -> None:
    scene.stopped.add(100)
    assert scene.killed(10 * TIMEOUT, each=scene.steward_beats) == []
    scene.stopped.clear()
    assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []
    assert scene.killed(2, each=scene.steward_beats) == ["worker 1"]


def test_time_in_which_nobody_looked_does_not_count(scene: Scene) -> None:
    """The supervisor was stopped, or the whole machine: nobody hung."""
    assert scene.killed(600, step=300, each=scene.steward_beats) == []


def test_what_others_write_into_its_slot_is_no_sign_of_life(scene: Scene) -> None:
    def others_write() -> None:
        scene.steward_beats()
        scene.worker.leased_until_ns = int(scene.now)

    assert scene.killed(TIMEOUT + 1, each=others_write) == ["worker 1"]


def test_the_end_of_a_drain_awaits_the_workers_and_not_the_steward(scene: Scene) -> None:
    scene.lifecycle.stage = LifecycleStage.DRAIN
    assert scene.killed(TIMEOUT + 1) == ["steward"]
    scene.lifecycle.stage = LifecycleStage.SETTLE
    assert scene.killed(10 * TIMEOUT) == []


def test_a_replacement_starts_anew(scene: Scene) -> None:
    assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []
    scene.children.died(100, scene.now)
    scene.children.forked(ChildRecord(Position(Role.WORKER, 1), 200, slot=WORKER, forked=scene.now, ready_at=scene.now))
    assert scene.killed(TIMEOUT - 1, each=scene.steward_beats) == []
