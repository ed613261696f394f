"""When a worker is worn."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Scoreboard, Slot
from pooljobs_supervisor.limits.recycling import EARLIEST, RecyclingLimits, resident


@pytest.fixture
def slot() -> Iterator[Slot]:
    board = Scoreboard.create(1, 1)
    yield board.slot(0)
    board.close()


def test_every_kind_of_end_counts_as_a_job(slot: Slot) -> None:
    limits = RecyclingLimits(jobs=30)
    slot.completed, slot.failed, slot.retried = 10, 10, 3
    assert limits.passed(7, slot) is None
    slot.retried = 10
    assert limits.passed(7, slot) == "has run 30 jobs"


def test_workers_of_one_age_do_not_all_go_at_once(slot: Slot) -> None:
    slot.completed = 900
    gone = [RecyclingLimits(jobs=1000).passed(pid, slot) is not None for pid in range(100)]
    assert 20 < sum(gone) < 80
    slot.completed = int(1000 * EARLIEST) - 1
    assert not any(RecyclingLimits(jobs=1000).passed(pid, slot) for pid in range(100))
    slot.completed = 1000
    assert all(RecyclingLimits(jobs=1000).passed(pid, slot) for pid in range(100))


def test_memory_counts_once_a_job_was_run(slot: Slot) -> None:
    limits = RecyclingLimits(memory=200_000_000)
    assert limits.passed(7, slot, lambda _pid: 300_000_000) is None
    slot.completed = 1
    assert limits.passed(7, slot, lambda _pid: 300_000_000) == "uses 300 MB"
    assert limits.passed(7, slot, lambda _pid: 100_000_000) is None


def test_without_limits_nobody_is_worn(slot: Slot) -> None:
    slot.completed = 10**9
    assert RecyclingLimits().passed(7, slot, lambda _pid: 10**12) is None


def test_the_kernel_tells_the_memory_of_a_process() -> None:
    if not os.path.exists("/proc/self/statm"):  # noqa: PTH110  # shorter than a Path
        pytest.skip("no /proc")
    assert 1 << 20 < resident(os.getpid()) < 1 << 34
    assert resident(0) == 0
