"""One small board a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pooljobs.scoreboard import Scoreboard, Slot

ENTRIES = 8


@pytest.fixture
def board() -> Iterator[Scoreboard]:
    made = Scoreboard.create(slots=3, entries=ENTRIES)
    yield made
    made.close()


@pytest.fixture
def slot(board: Scoreboard) -> Slot:
    return board.slot(1)
