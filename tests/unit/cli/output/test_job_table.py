"""A listing fits its width with whole ids, whatever stands in its jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from rich.cells import cell_len

from pooljobs_cli.output.job_table import job_table
from tests.support.hostile_text import HOSTILE, harm

TEXTS = (
    "send",
    "send_welcome_email_to_everybody",
    "\u6570" * 40,
    "e\u0301" * 30,
    "\U0001f600" * 30,
    HOSTILE,
    "x" * 200,
)


def job(number: int, **changed: Any) -> dict[str, Any]:
    text = TEXTS[number % len(TEXTS)]
    plain = {
        "id": UUID(int=number),
        "status": "failed",
        "job_type": text,
        "queue": text[::-1],
        "attempts": 3,
        "max_retries": 25,
        "retry_policy": None,
        "due_in": -1.0,
        "age": 725.0,
        "refused_for": None,
        "unknown": False,
        "unserved": False,
        "paused": None,
        "progress": None,
        "last_error": f"ValueError: {text}\nTraceback",
    }
    return plain | changed


JOBS = [
    *(job(number) for number in range(len(TEXTS))),
    job(100, status="pending", unserved=True, due_in=3000.0, age=1.0, job_type="note", last_error=None),
    job(101, status="pending", unknown=True, age=0.0),
    job(102, status="pending", refused_for=1.0, due_in=59.0),
    job(103, status="completed", attempts=1, last_error="note"),
]


@pytest.mark.parametrize("width", [36, 37, 40, 59, 60, 79, 80, 100, 119, 120, 200, 500])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(width: int) -> None:
    lines = job_table(JOBS, width).plain.split("\n")
    assert max(map(cell_len, lines)) <= width
    assert [line[:36] for line in lines if line.startswith("0000")] == [str(each["id"]) for each in JOBS]
    assert harm("\n".join(lines)) == []


@pytest.mark.parametrize("width", [80, 120, None])
def test_from_80_columns_on_a_line_tells_status_runs_and_when_in_columns(width: int | None) -> None:
    title, *lines = job_table(JOBS, width).plain.split("\n")
    rows = [line for line in lines if line.startswith("0000")]
    for name, told in (("status", "failed"), ("runs", "3/25"), ("when", "12 min")):
        assert cell_at(rows[0], title.index(name)).startswith(told)
    assert cell_at(rows[2], title.index("runs")).startswith("3/25"), "wide characters take two columns"


def test_into_a_pipe_nothing_is_cut() -> None:
    title, *lines = job_table(JOBS, None).plain.split("\n")
    assert title.split() == ["id", "status", "type", "queue", "runs", "when", "note"]
    assert len(lines) == len(JOBS)
    assert "x" * 200 in lines[6]
    assert lines[1].endswith("ValueError: send_welcome_email_to_everybody")


@pytest.mark.parametrize("width", [40, 80, 200, None])
def test_why_a_job_waits_is_noted(width: int | None) -> None:
    text = job_table(JOBS, width).plain
    for note in ("no worker serves the queue", "no worker knows it", "refused, next try in 59 s"):
        assert note in text


def test_without_notes_there_is_no_column_for_them() -> None:
    assert "note" not in job_table([job(0, status="completed")], None).plain


def cell_at(line: str, column: int) -> str:
    """What stands there, counted as a terminal does."""
    for at in range(len(line)):
        if cell_len(line[:at]) == column:
            return line[at:]
    return ""
