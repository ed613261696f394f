"""Many jobs as people read them: a line each, with whole ids, whatever the width; the other columns give way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from pooljobs.ages import ago, until
from pooljobs.job.retry import RetryPolicy
from pooljobs.operations.pauses import told
from pooljobs_cli.output.column_widths import shrunk
from pooljobs_cli.output.console import cell, cut, joined, line
from pooljobs_cli.output.progress_text import percent

_STYLES = {"pending": "yellow", "running": "cyan", "completed": "green", "failed": "red", "cancelled": "magenta"}

_TITLES: Final = ("id", "status", "type", "queue", "runs", "when", "done")
_LEAST: Final = (36, 9, 8, 6, 5, 8, 4)
"""Columns that each keeps at least, if it has so many. The last is there only where a job says how far it is."""
_NOTE: Final = 24
"""Columns in which a note is worth beginning; where there are fewer it has a line of its own below its job's."""
_GAP: Final = 2
"""Blanks between columns; one where room is short."""
_INDENT: Final = "  "

Row = Mapping[str, Any]


def job_table(jobs: Sequence[Row], width: int | None) -> Text:
    """A line a job, and what is to be noted of it; ``width``: columns to fit in, None for any number."""
    shown = len(_TITLES) if any(job["progress"] for job in jobs) else len(_TITLES) - 1
    rows = [[cell(title, "bold") for title in (*_TITLES[:shown], "note")]]
    rows += ([*_cells(job)[:shown], _note(job)] for job in jobs)
    if not any(row[-1] for row in rows[1:]):
        rows[0][-1] = line("")
    widths = [max(text.cell_len for text in column) for column in zip(*rows, strict=True)]
    return joined(_lines(rows, widths, width), "\n")


def _lines(rows: Sequence[Sequence[Text]], widths: Sequence[int], width: int | None) -> Iterator[Text]:
    """The widest form that fits: notes beside their jobs, notes below them, or all but the id below that."""
    *columns, note = widths
    beside = sum(columns) + _GAP * len(columns)
    if width is None or beside + min(note, _NOTE) <= width:
        room = note if width is None else min(note, width - beside)
        return (_joined(row, [*columns, room], _GAP) for row in rows)
    for gap, least in ((_GAP, columns), (1, _LEAST)):
        if fitting := shrunk(columns, least[: len(columns)], width - gap * (len(columns) - 1)):
            return (each for row in rows for each in _with_note(row, fitting, gap, width, note=row is not rows[0]))
    return (each for row in rows[1:] for each in _card(row, width))


def _with_note(row: Sequence[Text], widths: Sequence[int], gap: int, width: int, *, note: bool) -> Iterator[Text]:
    yield _joined(row[:-1], widths, gap)
    if note and row[-1]:
        yield _below(row[-1], width)


def _card(row: Sequence[Text], width: int) -> Iterator[Text]:
    yield row[0]
    yield _below(joined(row[1:-1], "  "), width)
    if row[-1]:
        yield _below(row[-1], width)


def _below(text: Text, width: int) -> Text:
    return line(_INDENT) + cut(text, max(1, min(text.cell_len, width - len(_INDENT))))


def _joined(row: Sequence[Text], widths: Sequence[int], gap: int) -> Text:
    told = joined((cut(text, width) for text, width in zip(row, widths, strict=True)), " " * gap)
    told.rstrip()
    return told


def _cells(job: Row) -> list[Text]:
    runs = f"{job['attempts']}/{most_runs(job)}"
    names = cell(job["job_type"]), cell(job["queue"])
    return [cell(job["id"]), status(job), *names, cell(runs), cell(_when(job)), cell(percent(job["progress"]))]


def status(job: Row) -> Text:
    """In its colour."""
    return cell(job["status"], style=_STYLES.get(job["status"], ""))


def most_runs(job: Row) -> int:
    """Of a type that is never retried one, whatever its producer asked for; or as many as it had after crashes."""
    most = RetryPolicy.stored(job["retry_policy"], None).most_runs(job["max_retries"])
    return max(most, int(job["attempts"]))


def _when(job: Row) -> str:
    if job["status"] == "pending" and job["due_in"] >= 1:
        return f"due {until(job['due_in'])}"
    return ago(job["age"])


def _note(job: Row) -> Text:
    """Why it does not run; or else the first line of its last error."""
    if job["paused"]:
        return cell(f"paused: {told(job['paused'])}", style="yellow")
    if job["unserved"]:
        return cell("no worker serves the queue", style="yellow")
    if job["status"] == "pending" and job["refused_for"] is not None:
        return cell(f"refused, next try {until(max(job['due_in'], 0.0))}", style="yellow")
    if job["unknown"]:
        return cell("no worker knows it", style="yellow")
    lines = (job["last_error"] or "").strip().splitlines()
    return cell(lines[0] if lines and job["status"] != "completed" else "", style="dim")
