"""A child's ties: what is wanted of it, and whether it is an orphan."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pooljobs.process.child import Child
from pooljobs.scoreboard import Scoreboard, Wanted


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read_fd, write_fd = os.pipe()
    os.set_blocking(read_fd, False)
    yield read_fd, write_fd
    os.close(read_fd)


def test_asking_only_ever_raises_and_wakes(board: Scoreboard, pipe: tuple[int, int]) -> None:
    child = Child(board, board.slot(0), lifeline_fd=pipe[0], parent_pid=os.getppid())
    seen = [child.wanted]
    for wanted in (Wanted.RELEASE, Wanted.DRAIN):
        child.ask(wanted)
        seen.append(child.wanted)
    assert seen == [Wanted.RUN, Wanted.RELEASE, Wanted.RELEASE]
    assert os.read(child.slot.wake_fd, 10) == b"ww"
    os.close(pipe[1])


def test_the_end_of_the_lifeline_makes_an_orphan(board: Scoreboard, pipe: tuple[int, int]) -> None:
    child = Child(board, board.slot(0), lifeline_fd=pipe[0], parent_pid=os.getppid())
    assert not child.orphaned()
    os.close(pipe[1])
    assert child.orphaned()
    assert child.orphaned()


def test_another_parent_makes_an_orphan(board: Scoreboard, pipe: tuple[int, int]) -> None:
    assert Child(board, board.slot(0), lifeline_fd=pipe[0], parent_pid=os.getpid()).orphaned()
    os.close(pipe[1])
