"""Who is woken: those that idle, none twice for one wake."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState, Wanted
from pooljobs_steward.wakeups.idle_workers import IdleWorkers


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    made = Scoreboard.create(slots=4, entries=1)
    for slot in made:
        slot.role, slot.state = Role.WORKER, SlotState.READY
    yield made
    made.close()


def fall_idle(*slots: Slot) -> None:
    for slot in slots:
        slot.idle_since_ns = time.monotonic_ns()


def test_those_that_idle_are_found_the_last_first(board: Scoreboard) -> None:
    fall_idle(board.slot(2), board.slot(0))
    assert [slot.index for slot in IdleWorkers(board).find()] == [0, 2]


@pytest.mark.parametrize("change", ["state", "role", "wanted", "idle_since_ns"])
def test_others_are_not(board: Scoreboard, change: str) -> None:
    values = {"state": SlotState.DEAD, "role": Role.STEWARD, "wanted": Wanted.DRAIN, "idle_since_ns": 0}
    fall_idle(board.slot(0), board.slot(1))
    setattr(board.slot(0), change, values[change])
    assert [slot.index for slot in IdleWorkers(board).find()] == [1]


def test_who_was_woken_and_has_not_stirred_is_passed_over(board: Scoreboard) -> None:
    """It may be stopped: the next wake is for another."""
    idle_workers = IdleWorkers(board)
    fall_idle(board.slot(0), board.slot(1))
    idle_workers.wake(idle_workers.find()[:1])
    assert [slot.index for slot in idle_workers.find()] == [0]
    assert board.slot(1).drain_wakes()
    assert not board.slot(0).drain_wakes()


def test_who_fell_idle_again_can_be_woken_again(board: Scoreboard) -> None:
    idle_workers = IdleWorkers(board)
    fall_idle(board.slot(0))
    idle_workers.wake(idle_workers.find())
    assert idle_workers.find() == []
    fall_idle(board.slot(0))
    assert idle_workers.find() == [board.slot(0)]
