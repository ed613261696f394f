"""What a steward does about requests to cancel, decided from the table's rows and the scoreboard."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from pooljobs.scoreboard import EntryState, Role, Scoreboard, Slot, SlotState
from pooljobs_steward.cancellations import CancellationRequest, answer, held_here

ID = UUID(int=7)


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    made = Scoreboard.create(slots=3, entries=4)
    yield made
    made.close()


def worker(board: Scoreboard, index: int = 0) -> Slot:
    slot = board.slot(index)
    slot.role, slot.state = Role.WORKER, SlotState.READY
    return slot


def request(token: int | None = 5, *, live: bool = True) -> CancellationRequest:
    return CancellationRequest(ID, None, live, token)


@pytest.mark.parametrize("state", [EntryState.CLAIMED, EntryState.RUNNING])
def test_what_a_worker_holds_here_is_asked_once(board: Scoreboard, state: EntryState) -> None:
    slot = worker(board, 1)
    slot.hold(2, ID.bytes, 1, 5)
    slot.mark(2, state)
    [(where, job)] = answer([request()], held_here(board)).here
    assert (where.index, job.entry) == (1, 2)
    assert where.ask_cancel(job.entry, job.token)
    assert answer([request()], held_here(board)).here == []


@pytest.mark.parametrize("state", [EntryState.DONE, EntryState.FAILED, EntryState.GIVEN_BACK])
def test_what_has_finished_is_not_asked(board: Scoreboard, state: EntryState) -> None:
    slot = worker(board)
    slot.hold(0, ID.bytes, 1, 5)
    slot.mark(0, state)
    assert answer([request()], held_here(board)).here == []


def test_another_claim_of_the_same_job_is_not_meant(board: Scoreboard) -> None:
    worker(board).hold(0, ID.bytes, 1, 4)
    assert answer([request(5)], held_here(board)).here == []


@pytest.mark.parametrize("state", [SlotState.BOOTING, SlotState.DEAD, SlotState.FREE])
def test_only_living_workers_are_asked(board: Scoreboard, state: SlotState) -> None:
    slot = worker(board)
    slot.hold(0, ID.bytes, 1, 5)
    slot.state = state
    assert held_here(board) == {}


def test_what_runs_elsewhere_is_left_alone(board: Scoreboard) -> None:
    found = answer([request()], held_here(board))
    assert (found.here, found.pending, found.ended) == ([], [], [])


def test_pending_and_ended_are_told_apart(board: Scoreboard) -> None:
    back, over = request(None), request(None, live=False)
    found = answer([back, over], held_here(board))
    assert (found.here, found.pending, found.ended) == ([], [back], [over])
