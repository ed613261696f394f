"""The board as a whole: its slots, its limits, and that a fork shares it."""

from __future__ import annotations

import os
import resource
import select
from pathlib import Path
from time import monotonic

import pytest

from pooljobs.scoreboard import EntryState, Scoreboard, ScoreboardError, SlotState, most_workers, slots_for


def count_descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_slots_are_found_by_index_and_in_order(board: Scoreboard) -> None:
    assert len(board) == 3
    assert [slot.index for slot in board] == [0, 1, 2]
    assert board.slot(2) is list(board)[2]


@pytest.mark.parametrize("index", [-1, 3])
def test_a_slot_that_is_not_there_is_an_error(board: Scoreboard, index: int) -> None:
    with pytest.raises(ScoreboardError, match="slots 0 to 2"):
        board.slot(index)


@pytest.mark.parametrize(("slots", "entries"), [(0, 1), (1, 0)])
def test_an_empty_board_is_refused(slots: int, entries: int) -> None:
    with pytest.raises(ScoreboardError):
        Scoreboard.create(slots, entries)


@pytest.mark.hazard(
    "A replacement that comes first needs room on the scoreboard and connections; the code is loaded anew",
    closed="`most_workers` in `shared/pooljobs/scoreboard/board.py`",
    area="preloading",
)
def test_a_fleet_may_double_and_each_of_its_first_workers_have_a_dead_forerunner() -> None:
    assert [most_workers(procs) for procs in (1, 8, 32, 33, 512)] == [2, 16, 64, 65, 544]
    assert [slots_for(procs) for procs in (1, 8)] == [7, 28]


def test_a_new_board_is_free(board: Scoreboard) -> None:
    assert {slot.state for slot in board} == {SlotState.FREE}
    assert all(slot.held() == [] for slot in board)


def test_too_few_descriptors_is_a_clear_error_and_leaks_none() -> None:
    open_before = count_descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_before + 20, hard))
    try:
        with pytest.raises(ScoreboardError, match="wake pipes") as caught:
            Scoreboard.create(slots=100, entries=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "ulimit" in (caught.value.hint or "")
    assert count_descriptors() == open_before


def test_closing_gives_everything_back() -> None:
    open_before = count_descriptors()
    Scoreboard.create(slots=5, entries=5).close()
    assert count_descriptors() == open_before


def test_what_a_forked_process_writes_is_seen_here(board: Scoreboard) -> None:
    slot = board.slot(0)
    pid = os.fork()
    if not pid:
        slot.state = SlotState.READY
        slot.hold(4, b"x" * 16, 7, 8)
        slot.wake()
        os._exit(0)
    assert select.select([slot.wake_fd], [], [], 30.0)[0]
    os.waitpid(pid, 0)
    assert slot.state is SlotState.READY
    assert [(job.entry, job.job_id, job.fence, job.token) for job in slot.held()] == [(4, b"x" * 16, 7, 8)]


@pytest.mark.hazard(
    "A reader of the scoreboard sees half of an entry, or half of two",
    closed="aligned words, one writer each, the token read before and after (`shared/pooljobs/scoreboard/entries.py`)",
    area="processes",
)
def test_a_live_reader_never_sees_halves_of_two_jobs(board: Scoreboard) -> None:
    """A writer fills and frees one entry as fast as it can; all words of a job derive from its token."""
    slot = board.slot(0)
    pid = os.fork()
    if not pid:
        token = 0
        while slot.worker_id == 0:
            token += 1
            slot.hold(0, token.to_bytes(16, "big"), token * 3, token)
            slot.mark(0, EntryState.DONE)
            slot.free(0)
        os._exit(0)
    seen: set[int] = set()
    deadline = monotonic() + 5.0  # on a busy machine both take turns, and few jobs are seen
    try:
        while len(seen) < 20_000 and monotonic() < deadline:
            for job in slot.held():
                assert (int.from_bytes(job.job_id, "big"), job.fence) == (job.token, job.token * 3)
                seen.add(job.token)
    finally:
        slot.worker_id = 1
        os.waitpid(pid, 0)
    assert len(seen) > 1
