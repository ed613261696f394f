"""Who is woken: those that idle, none twice for one wake."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Role, Scoreboard, Slot, SlotState, Wanted
from pooljobs_supervisor.steward.idlers import Idlers


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
    assert [slot.index for slot in Idlers(board).find()] == [0, 2]


@pytest.mark.parametrize("change", ["state", "role", "wanted", "idle_since_ns"])
def test_others_are_not(board: Scoreboard, change: str) -> None:
    values = {"state": SlotState.DEAD, "role": Role.STEWARD, "wanted": Wanted.DRAIN, "idle_since_ns": 0}
    fall_idle(board.slot(0), board.slot(1))
    setattr(board.slot(0), change, values[change])
    assert [slot.index for slot in Idlers(board).find()] == [1]


def test_who_was_woken_and_has_not_stirred_is_passed_over(board: Scoreboard) -> None:
    """It may be stopped: the next wake is for another."""
    idlers = Idlers(board)
    fall_idle(board.slot(0), board.slot(1))
    idlers.wake(idlers.find()[:1])
    assert [slot.index for slot in idlers.find()] == [0]
    assert board.slot(1).drain_wakes()
    assert not board.slot(0).drain_wakes()


def test_who_fell_idle_again_can_be_woken_again(board: Scoreboard) -> None:
    idlers = Idlers(board)
    fall_idle(board.slot(0))
    idlers.wake(idlers.find())
    assert idlers.find() == []
    fall_idle(board.slot(0))
    assert idlers.find() == [board.slot(0)]
