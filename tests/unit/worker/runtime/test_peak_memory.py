"""When the measurement of a worker's peak memory begins anew."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooljobs.scoreboard import Scoreboard, Slot
from pooljobs_worker.runtime.peak_memory import PAUSE_NS, PeakMemory


@pytest.fixture
def slot() -> Iterator[Slot]:
    board = Scoreboard.create(1, 1)
    yield board.slot(0)
    board.close()


def test_it_begins_anew_once_a_second_at_most(slot: Slot, tmp_path: Path) -> None:
    file = tmp_path / "clear_refs"
    file.touch()
    peak = PeakMemory(slot, str(file))
    subprocess.run([sys.executable, "-c", ""], check=True)
    for now_ns in (5, PAUSE_NS, PAUSE_NS + 4):
        peak.before_job(now_ns)
        assert (file.read_bytes(), slot.peak_since_ns) == (b"5", 5)
    peak.before_job(PAUSE_NS + 5)
    assert slot.peak_since_ns == PAUSE_NS + 5
    assert slot.peak_floor > 1_000_000  # bytes that the subprocess had


def test_where_the_system_cannot_the_peak_is_that_of_the_whole_life(slot: Slot, tmp_path: Path) -> None:
    PeakMemory(slot, str(tmp_path / "missing")).before_job(5)
    assert slot.peak_since_ns == 0
