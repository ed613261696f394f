"""What an end waits for, in words that fit."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pooljobs.scoreboard import EntryState, Role, Scoreboard
from pooljobs_supervisor.fleet.children import STEWARD, ChildRecord, Children, Position
from pooljobs_supervisor.fleet.lifecycle import LifecycleStage
from pooljobs_supervisor.reporting.drain_progress import DrainProgress, RunInProgress, log_line, look_at, status_line

FIRST, SECOND = UUID(int=1), UUID(int=2)
TWO_RUNS = DrainProgress(2, 12, (RunInProgress(3, FIRST, 61.4), RunInProgress(1, SECOND, 2.0)))


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    board = Scoreboard.create(4, 4)
    yield board
    board.close()


def test_jobs_are_counted_and_the_longest_runs_come_first(board: Scoreboard) -> None:
    children = Children(2)
    children.forked(ChildRecord(STEWARD, 10, slot=0, forked=0.0))
    for ordinal in (1, 2):
        children.forked(ChildRecord(Position(Role.WORKER, ordinal), 10 + ordinal, slot=ordinal, forked=0.0))
    for entry, started in enumerate((50, 20, 40, 30)):
        board.slot(2).hold(entry, UUID(int=started).bytes, 1, 1)
        board.slot(2).start(entry, started * 10**9)
    board.slot(1).hold(0, FIRST.bytes, 1, 1)
    board.slot(1).hold(1, SECOND.bytes, 1, 1)
    board.slot(1).mark(1, EntryState.DONE)
    seen = look_at(children, board, 100.0)
    assert (seen.workers, seen.jobs) == (2, 6)
    assert seen.runs == tuple(RunInProgress(2, UUID(int=started), 100.0 - started) for started in (20, 30, 40))


def test_a_log_line_tells_all() -> None:
    assert log_line(TWO_RUNS, 17.2) == (
        f"waiting for 2 workers, 12 jobs; worker 3 runs {FIRST} for 61 s; worker 1 runs {SECOND} for 2 s; 18 s left"
    )
    assert log_line(DrainProgress(1, 1, ()), -3.0) == "waiting for 1 worker, 1 job; 0 s left"


HEAD, LEFT = "waiting for 2 workers, 12 jobs", "18 s left"
NEXT = "Ctrl-C gives back what has not begun"


@pytest.mark.parametrize(
    ("width", "parts"),
    [
        (250, [HEAD, f"worker 3 runs {FIRST} for 61 s", f"worker 1 runs {SECOND} for 2 s", LEFT, NEXT]),
        (151, [HEAD, f"worker 3 runs {FIRST} for 61 s", LEFT, NEXT]),
        (128, [HEAD, "worker 3 for 61 s", "worker 1 for 2 s", LEFT, NEXT]),
        (80, [HEAD, LEFT, NEXT]),
        (79, [HEAD, LEFT]),
        (20, [LEFT]),
        (3, []),
    ],
)
def test_a_status_line_gives_up_the_least_important_first(width: int, parts: list[str]) -> None:
    assert status_line(TWO_RUNS, LifecycleStage.DRAIN, 17.2, width) == "; ".join(parts)


def test_what_the_next_ctrl_c_does_depends_on_the_stage() -> None:
    assert status_line(TWO_RUNS, LifecycleStage.RELEASE, 1.0, 250).endswith("1 s left; Ctrl-C kills what runs")


@given(
    workers=st.integers(0, 512),
    jobs=st.integers(0, 10**6),
    seconds=st.lists(st.floats(0, 1e6), max_size=3),
    left=st.floats(-10, 1e5),
    width=st.integers(1, 300),
)
def test_a_status_line_always_fits(workers: int, jobs: int, seconds: list[float], left: float, width: int) -> None:
    runs = tuple(RunInProgress(ordinal, FIRST, each) for ordinal, each in enumerate(seconds))
    line = status_line(DrainProgress(workers, jobs, runs), LifecycleStage.DRAIN, left, width)
    assert len(line) < width
    assert "\n" not in line
