"""Schedules as people read them: a line each, and one as a sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from pooljobs.ages import span
from pooljobs_cli.output.column_widths import shrunk
from pooljobs_cli.output.console import block, cell, cut, joined, line
from pooljobs_cli.output.json_text import indented, masked

Row = Mapping[str, Any]

_TITLES: Final = ("name", "state", "when", "next", "last")
_LEAST: Final = (10, 7, 12, 16, 16)
_STYLES: Final = {"active": "green", "paused": "yellow", "failing": "red", "retired": "dim", "unknown type": "yellow"}


def schedule_table(rows: Sequence[Row], width: int | None) -> Text:
    """One line a schedule; ``width``: columns to fit in, None for any number."""
    lines = [[cell(title, "bold") for title in _TITLES], *(_cells(row) for row in rows)]
    widths = [max(text.cell_len for text in column) for column in zip(*lines, strict=True)]
    gap = 2
    fitting = widths if width is None else shrunk(widths, _LEAST, width - gap * (len(widths) - 1)) or list(_LEAST)
    return joined((_joined(each, fitting, gap) for each in lines), "\n")


def schedule_sheet(row: Row) -> Table:
    """Everything known of one, a field a line; what is not set is left out."""
    sheet = Table(box=None, pad_edge=False, show_header=False)
    sheet.add_column(style="bold", no_wrap=True)
    sheet.add_column(overflow="fold")
    for name, value in _fields(row):
        if value not in (None, ""):
            sheet.add_row(name, value if isinstance(value, Text) else line(str(value)))
    return sheet


def _fields(row: Row) -> list[tuple[str, Any]]:
    by = f" by {row['paused_by']}" if row["paused_by"] else ""  # null where somebody wrote it by hand
    paused = f"{_time(row['paused_at'])}{by}" if row["paused_at"] else None
    return [
        ("name", row["name"]),
        ("state", cell(row["state"], _STYLES[row["state"]])),
        ("when", row["words"]),
        ("cron", row["cron"]),
        ("edited", "by an operator; the code says otherwise" if row["edited"] else None),
        *[("next", _time(run)) for run in row["next_runs"]],
        ("type", row["job_type"]),
        ("queue", row["queue"]),
        ("priority", row["priority"] or None),
        ("runs", row["max_retries"]),
        ("payload", block(indented(masked(row["payload"], row["secret"] or ())))),
        ("jitter", f"up to {span(row['jitter'])}" if row["jitter"] else None),
        ("catch up", row["catch_up"]),
        ("overlap", row["overlap"]),
        ("declared", f"by the application {row['app']}" if row["app"] else None),
        ("last tick", _time(row["last_tick"])),
        ("last job", row["last_job"]),
        (
            "skipped",
            f"{_time(row['skipped_tick'])}, since the job before had not ended" if row["skipped_tick"] else None,
        ),
        ("paused", paused),
        ("reason", row["paused_reason"]),
        ("retired", _time(row["retired_at"])),
        ("error", row["error"]),
    ]


def _cells(row: Row) -> list[Text]:
    """Of one that fails, why instead of when."""
    when = row["error"] if row["state"] == "failing" else row["words"]
    times = (_time(next(iter(row["next_runs"]), None)), _time(row["last_tick"]))
    told = (cell(text or "-") for text in (when, *times))
    return [cell(row["name"]), cell(row["state"], _STYLES[row["state"]]), *told]


def _joined(row: Sequence[Text], widths: Sequence[int], gap: int) -> Text:
    padded = []
    for text, width in zip(row, widths, strict=True):
        short = cut(text, width)
        padded.append(joined([short, line(" " * (width - short.cell_len))], ""))
    return joined(padded, " " * gap)


def _time(moment: object) -> str | None:
    """To the second, with the zone's offset."""
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%d %H:%M}{f':{moment:%S}' if moment.second else ''}{moment:%z}"
    return None if moment is None else str(moment)
