"""How often an idle worker looks: by the operator's interval while somebody listens, soon while nobody does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs_worker.poll_pace import FRESH_NS, LONGEST, SHORTEST, TURN, PollPace, heard

INTERVAL = 5.0


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    """A steward that listens in slot 0, a worker in slot 1."""
    with closing(Scoreboard.create(2, 1)) as made:
        steward, worker = made
        steward.role, worker.role = Role.STEWARD, Role.WORKER
        steward.listens, steward.heartbeat_ns = 1, time.monotonic_ns()
        steward.state = worker.state = SlotState.READY
        yield made


def test_while_somebody_listens_the_interval_holds(board: Scoreboard) -> None:
    pace = PollPace(board, board.slot(1), poll_interval=INTERVAL, listen=True)
    pace.found_none()
    assert 0 < pace.seconds() <= INTERVAL
    assert not pace.due()


def test_while_nobody_listens_looks_are_soon_and_then_further_apart(board: Scoreboard) -> None:
    pace = PollPace(board, board.slot(1), poll_interval=INTERVAL, listen=True)
    board.slot(0).listens = 0
    pauses = [pace.seconds() for _ in range(8)]
    assert pauses[:3] == [SHORTEST, 2 * SHORTEST, 4 * SHORTEST]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST
    pace.worked()
    assert pace.seconds() == SHORTEST
    board.slot(0).listens = 1
    pace.found_none()
    assert SHORTEST < pace.seconds() <= INTERVAL
    board.slot(0).listens = 0
    assert pace.seconds() == SHORTEST


def test_one_of_the_idle_looks_for_all_while_somebody_listens() -> None:
    with closing(Scoreboard.create(3, 1)) as board:
        steward, one, other = board
        steward.role, steward.state, steward.listens = Role.STEWARD, SlotState.READY, 1
        one.ordinal, other.ordinal = 1, 2
        paces = [PollPace(board, slot, poll_interval=INTERVAL, listen=True) for slot in (one, other)]
        steward.heartbeat_ns = time.monotonic_ns()
        board.polled_ns = steward.heartbeat_ns - int(INTERVAL * 1e9)
        assert all(pace.due() for pace in paces)
        assert [pace.seconds() for pace in paces] == [TURN, 2 * TURN], "both wake up, one after the other"
        paces[0].found_none()
        assert not paces[1].due()
        assert 0 < paces[1].seconds() - 2 * TURN <= INTERVAL
        steward.listens = 0
        assert paces[1].due(), "a notification may be lost now: each looks for itself"


def test_a_short_interval_is_never_exceeded(board: Scoreboard) -> None:
    board.slot(0).listens = 0
    pace = PollPace(board, board.slot(1), poll_interval=0.05, listen=True)
    assert max(pace.seconds() for _ in range(10)) == 0.05


def test_where_nobody_is_to_listen_the_interval_is_the_operators(board: Scoreboard) -> None:
    board.slot(0).clear()
    pace = PollPace(board, board.slot(1), poll_interval=INTERVAL, listen=False)
    assert [pace.seconds() for _ in range(3)] == [INTERVAL] * 3


def test_a_steward_counts_while_it_listens_and_lives(board: Scoreboard) -> None:
    steward, worker = board
    now_ns = steward.heartbeat_ns
    assert heard(board, now_ns + FRESH_NS - 1)
    assert not heard(board, now_ns + FRESH_NS), "it is stopped, or hangs"
    worker.listens = 1
    steward.listens = 0
    assert not heard(board, now_ns), "a worker's word is none of it"
    steward.listens = 1
    steward.state = SlotState.DEAD
    assert not heard(board, now_ns)
    steward.clear()
    assert not heard(board, now_ns)
