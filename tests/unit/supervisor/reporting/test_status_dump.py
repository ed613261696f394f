"""What SIGUSR1 has printed: who is there, what each runs, and what memory each takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import UUID

import pytest

from pooljobs.scoreboard import Role, Scoreboard, SlotState
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.reporting.status_dump import MOST_RUNS, status_lines
from pooljobs_supervisor.zygote.zygote_state import ZygoteRecord, Zygotes


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    board = Scoreboard.create(4, 4)
    yield board
    board.close()


def family(board: Scoreboard) -> tuple[Children, Zygotes]:
    children, zygotes = Children(1), Zygotes()
    for slot, (position, pid) in enumerate([(Position(Role.WORKER, 1), 101), (STEWARD, 102)]):
        children.forked(ChildRecord(position, pid, slot=slot, forked=0.0))
        board.slot(slot).state = SlotState.READY
    zygotes.forked(ZygoteRecord(103, 0, forked=0.0, ready_at=1.0))
    return children, zygotes


def test_the_memory_of_each_and_of_all_is_told(board: Scoreboard) -> None:
    sizes = {101: 12_300_000, 102: 8_000_000, 103: 30_000_000, os.getpid(): 9_700_000}
    lines = status_lines(*family(board), board, 60.0, sizes.get)
    assert lines[0] == "1 of 1 workers; 4 slots, 2 free, 0 dead"
    assert lines[1].startswith("worker 1   pid 101")
    assert lines[1].endswith("; memory 12.3 MB")
    assert lines[2] == "steward    pid 102     ready   up 60 s; memory 8.0 MB"
    assert lines[3] == "zygote     pid 103     ready   up 60 s; memory 30.0 MB"
    assert lines[4:] == ["memory in all 60.0 MB, 9.7 MB of it the supervisor's"]


def test_where_the_system_does_not_tell_it_nothing_is_made_up(board: Scoreboard) -> None:
    lines = status_lines(*family(board), board, 60.0, lambda _pid: None)
    assert not any("MB" in line for line in lines)
    assert lines[-1] == "memory is told on Linux only"


def test_what_a_worker_runs_is_told_with_its_type_and_time_the_longest_first(board: Scoreboard) -> None:
    slot = board.slot(0)
    slot.job_types = ["mail", "thumbnail"]
    for entry, (number, began) in enumerate([(1, 50.0), (2, 20.0), (0, 55.5)]):
        slot.hold(entry, UUID(int=entry).bytes, 1, entry + 1, number)
        slot.start(entry, int(began * 1e9))
    slot.hold(3, UUID(int=3).bytes, 1, 4, 1)  # claimed, and not begun
    lines = [line for line in status_lines(*family(board), board, 60.0, lambda _pid: None) if " runs 0" in line]
    assert lines == [
        f"worker 1   runs {UUID(int=1)} (thumbnail) for 40.0 s",
        f"worker 1   runs {UUID(int=0)} (mail) for 10.0 s",
        f"worker 1   runs {UUID(int=2)} (type unknown) for 4.5 s",
    ]


def test_of_many_jobs_the_longest_are_named_and_the_others_counted() -> None:
    board = Scoreboard.create(2, MOST_RUNS + 5)
    slot = board.slot(0)
    for entry in range(MOST_RUNS + 5):
        slot.hold(entry, UUID(int=entry).bytes, 1, entry + 1)
        slot.start(entry, int((entry + 1) * 1e9))
    lines = status_lines(*family(board), board, 60.0, lambda _pid: None)
    assert sum(" runs 0" in line for line in lines) == MOST_RUNS
    assert "worker 1   runs 5 more" in lines
    board.close()
