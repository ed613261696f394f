"""Queues or job types as people read them, a line each, with its pause; and pauses alone, below other tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from pooljobs.ages import ago
from pooljobs.operations.pauses import told, who
from pooljobs_cli.output.column_widths import shrunk
from pooljobs_cli.output.console import cell, cut, joined

Row = Mapping[str, Any]

_GAP = 2
_LEAST = (8, 8, 10)


def pause_table(kind: str, rows: Sequence[Row], width: int | None) -> Text:
    """A line each; ``width``: columns to fit in, None for any number."""
    titles = ("queue", "pending", "paused") if kind == "queue" else ("type", "queue", "paused")
    lines = [[cell(title, "bold") for title in titles]]
    lines += [[cell(row["name"]), cell(_second(kind, row)), _paused(row["pause"])] for row in rows]
    widths = [max(text.cell_len for text in column) for column in zip(*lines, strict=True)]
    if width is not None:
        room = width - _GAP * (len(widths) - 1)
        widths = list(
            shrunk(widths, [min(least, has) for least, has in zip(_LEAST, widths, strict=True)], room) or widths
        )
    return joined((_joined(line, widths) for line in lines), "\n")


def pause_lines(pauses: Iterable[Row]) -> Text:
    """``paused: queue mails, 5 min ago by ops: SMTP is down``, a line for each."""
    return joined((cell(f"paused: {told(pause)}", "yellow") for pause in pauses), "\n")


def _second(kind: str, row: Row) -> str:
    return f"{row['pending']:,}" if kind == "queue" else row["queue"] or "-"


def _paused(pause: Row | None) -> Text:
    if pause is None:
        return cell("-")
    reason = f": {pause['reason']}" if pause["reason"] else ""
    return cell(f"{ago(pause['paused_ago'])} by {who(pause)}{reason}", "yellow")


def _joined(row: Sequence[Text], widths: Sequence[int]) -> Text:
    told_ = joined((cut(text, width) for text, width in zip(row, widths, strict=True)), " " * _GAP)
    told_.rstrip()
    return told_
