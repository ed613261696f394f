"""How the queues stand fits the terminal; what goes first is what tells least."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from pooljobs_cli.output.queue_table import queue_table
from tests.support.hostile_text import HOSTILE, harm


def row(queue: str, **changed: Any) -> dict[str, Any]:
    plain = {
        "queue": queue,
        "workers": 8,
        "pending": 1_234_567,
        "due": 1_000_000,
        "unknown": 0,
        "running": 64,
        "oldest_due_age": 725.0,
        "completed_last_hour": 3_600_000,
        "failed_last_hour": 12,
        "completed_per_second": 1000.4,
        "failed_per_second": 0.25,
        "wait_p50": 0.012,
        "wait_p95": 0.25,
        "run_p50": 0.0042,
        "run_p95": 1.5,
    }
    return plain | changed


QUEUES = [
    row("default"),
    row("数" * 60),
    row(HOSTILE),
    row("x" * 200),
    row("idle", workers=0, wait_p50=None, run_p50=None),
]


@pytest.mark.parametrize("watching", [False, True])
@pytest.mark.parametrize("width", [1, 20, 40, 60, 79, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int, *, watching: bool) -> None:
    lines = queue_table(QUEUES, width, watching=watching).plain.split("\n")
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == 1 + len(QUEUES)
    assert harm("\n".join(lines)) == []


@pytest.mark.parametrize("watching", [False, True])
@pytest.mark.parametrize("width", [80, 120])
def test_at_usual_widths_how_much_ends_and_who_serves_is_told(width: int, *, watching: bool) -> None:
    title, first, *_, last = queue_table(QUEUES, width, watching=watching).plain.split("\n")
    assert {"queue", "workers", "pending", "due", "running"} <= set(title.split())
    assert set(title.split()) >= ({"done/s", "failed/s"} if watching else {"done/1h", "failed/1h"})
    assert first.split()[:2] == ["default", "8"]
    assert last.split()[:2] == ["idle", "0"]


def test_into_a_pipe_goes_everything() -> None:
    title, first, *_, long, _idle = queue_table(QUEUES, None).plain.split("\n")
    assert title.split()[-4:] == ["done/1h", "failed/1h", "wait", "run"]
    assert first.endswith("12 ms / 250 ms  4.2 ms / 1.5 s")
    assert "x" * 200 in long


def test_a_column_that_nothing_is_known_for_is_left_out() -> None:
    assert "workers" not in queue_table([row("a", workers=None)], None).plain
    assert "unknown" not in queue_table([row("a")], None).plain
    assert "unknown" in queue_table([row("a", unknown=3)], None).plain


def test_rates_of_a_first_look_are_not_known() -> None:
    text = queue_table([row("a", completed_per_second=None, failed_per_second=None)], None, watching=True).plain
    assert text.split("\n")[1].split()[7:9] == ["-", "-"], text
