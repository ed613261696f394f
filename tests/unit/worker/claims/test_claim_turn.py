"""Who claims a large batch, and who waits for a turn: told by the scoreboard alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from pooljobs.scoreboard import Activity, Role, Scoreboard, SlotState
from pooljobs_worker.claims.claim_turn import LARGE, LONGEST_CLAIM_NS, MOST_WAIT_NS, PAUSE, ClaimTurn


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scoreboard]:
    """Three workers for two processors."""
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with closing(Scoreboard.create(3, 1)) as made:
        for slot in made:
            slot.role, slot.state = Role.WORKER, SlotState.READY
        yield made


def woken(board: Scoreboard, index: int) -> bool:
    try:
        return bool(os.read(board.slot(index).wake_fd, 10))
    except BlockingIOError:
        return False


@pytest.mark.hazard(
    "Many workers of a host claim hundreds of jobs at the same time, and each walks over what the others are taking",
    closed="where they are more than the processors they claim in turn, woken by who was before; nobody waits for "
    "long, and who is stopped in a claim is not counted (`worker/pooljobs_worker/claims/claim_turn.py`)",
    area="claims",
)
def test_one_claims_and_the_others_wait_for_their_turn_in_order(board: Scoreboard) -> None:
    first, second, third = (ClaimTurn(board, slot) for slot in board)
    assert first.seconds(LARGE) == 0.0
    assert board.slot(0).activity is Activity.CLAIMING
    assert third.seconds(LARGE) == PAUSE
    assert second.seconds(LARGE) == PAUSE
    first.over()
    assert board.slot(2).drain_wakes() is False, "woken for itself, not for work"
    assert third.seconds(LARGE) == 0.0
    assert second.seconds(LARGE) == PAUSE
    third.over()
    assert second.seconds(LARGE) == 0.0


def test_who_has_waited_for_the_longest_time_is_woken_and_nobody_else(board: Scoreboard) -> None:
    first, second, third = (ClaimTurn(board, slot) for slot in board)
    first.seconds(LARGE)
    third.seconds(LARGE)
    second.seconds(LARGE)
    first.over()
    assert (woken(board, 1), woken(board, 2)) == (False, True)
    first.over()  # without anybody's having moved
    assert (woken(board, 1), woken(board, 2)) == (False, True)


def test_who_is_stopped_while_he_waits_does_not_keep_the_others_from_being_woken(board: Scoreboard) -> None:
    first, second, third = (ClaimTurn(board, slot) for slot in board)
    first.seconds(LARGE)
    second.seconds(LARGE)
    third.seconds(LARGE)
    board.slot(1).turn_since_ns -= MOST_WAIT_NS
    first.over()
    assert (woken(board, 1), woken(board, 2)) == (False, True)


def test_small_claims_do_not_wait(board: Scoreboard) -> None:
    first, second, _ = (ClaimTurn(board, slot) for slot in board)
    assert first.seconds(LARGE) == 0.0
    assert second.seconds(LARGE - 1) == 0.0


@pytest.mark.parametrize("how", ["idle", "dead", "steward"])
def test_nobody_waits_where_there_are_processors_for_all_who_work(board: Scoreboard, how: str) -> None:
    first, second, _ = (ClaimTurn(board, slot) for slot in board)
    other = board.slot(2)
    if how == "idle":
        other.idle_since_ns = time.monotonic_ns()
    elif how == "dead":
        other.state = SlotState.DEAD
    else:
        other.role = Role.STEWARD
    assert first.seconds(LARGE) == 0.0
    assert second.seconds(LARGE) == 0.0


@pytest.mark.hazard("Many workers of a host claim hundreds of jobs at the same time")
def test_who_is_stopped_in_a_claim_is_soon_not_counted(board: Scoreboard) -> None:
    first, second, _ = (ClaimTurn(board, slot) for slot in board)
    first.seconds(LARGE)
    assert second.seconds(LARGE) == PAUSE
    board.slot(0).heartbeat_ns -= LONGEST_CLAIM_NS
    assert second.seconds(LARGE) == 0.0


@pytest.mark.hazard("Many workers of a host claim hundreds of jobs at the same time")
def test_nobody_waits_for_ever(board: Scoreboard) -> None:
    first, second, _ = (ClaimTurn(board, slot) for slot in board)
    first.seconds(LARGE)
    assert second.seconds(LARGE) == PAUSE
    board.slot(1).turn_since_ns -= MOST_WAIT_NS
    board.slot(0).heartbeat_ns = time.monotonic_ns()
    assert second.seconds(LARGE) == 0.0
    assert board.slot(1).turn_since_ns == 0
