"""What SIGUSR1 has printed: who is there, and what memory each takes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Place
from pooljobs_supervisor.telling.muster import muster
from pooljobs_supervisor.zygote.books import ZygoteRecord, Zygotes


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    board = Scoreboard.create(4, 4)
    yield board
    board.close()


def family(board: Scoreboard) -> tuple[Children, Zygotes]:
    children, zygotes = Children(1), Zygotes()
    for slot, (place, pid) in enumerate([(Place(Role.WORKER, 1), 101), (STEWARD, 102)]):
        children.born(ChildRecord(place, pid, slot, born=0.0))
        board.slot(slot).state = SlotState.READY
    zygotes.born(ZygoteRecord(103, 0, born=0.0, ready_at=1.0))
    return children, zygotes


def test_the_memory_of_each_and_of_all_is_told(board: Scoreboard) -> None:
    sizes = {101: 12_300_000, 102: 8_000_000, 103: 30_000_000, os.getpid(): 9_700_000}
    lines = muster(*family(board), board, 60.0, sizes.get)
    assert lines[0] == "1 of 1 workers; 4 slots, 2 free, 0 dead"
    assert lines[1].startswith("worker 1   pid 101")
    assert lines[1].endswith("; memory 12.3 MB")
    assert lines[2] == "steward    pid 102     ready   up 60 s; memory 8.0 MB"
    assert lines[3] == "zygote     pid 103     ready   up 60 s; memory 30.0 MB"
    assert lines[4:] == ["memory in all 60.0 MB, 9.7 MB of it the supervisor's"]


def test_where_the_system_does_not_tell_it_nothing_is_made_up(board: Scoreboard) -> None:
    lines = muster(*family(board), board, 60.0, lambda _pid: None)
    assert not any("MB" in line for line in lines)
    assert lines[-1] == "memory is told on Linux only"
