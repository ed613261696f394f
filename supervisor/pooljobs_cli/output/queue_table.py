"""The queues as people read them: a line each. Where there is not room for all columns the less telling ones go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from rich.text import Text

from pooljobs.ages import span
from pooljobs_cli.output.column_widths import shrunk
from pooljobs_cli.output.console import cell, cut, joined, line

Row = Mapping[str, Any]

_GAPS: Final = (2, 1)
"""Blanks between columns: as many as there is room for."""
_LEAST_NAME: Final = 10
"""Columns that a queue's name keeps at least, if it has so many."""


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: f"{row[name]:,}"


def _rate(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[name] is None else _digits(row[name])


def _median(name: str) -> Callable[[Row], str]:
    return lambda row: span(row[f"{name}_p50"])


def _pair(name: str) -> Callable[[Row], str]:
    return lambda row: "-" if row[f"{name}_p50"] is None else f"{span(row[f'{name}_p50'])} / {span(row[f'{name}_p95'])}"


_NOW: Final = {name: _count(name) for name in ("workers", "pending", "due", "unknown", "running")}
_OLDEST: Final = {"oldest due": lambda row: span(row["oldest_due_age"])}
_HOUR: Final = {"done/1h": _count("completed_last_hour"), "failed/1h": _count("failed_last_hour")}
_RATES: Final = {"done/s": _rate("completed_per_second"), "failed/s": _rate("failed_per_second")}


def queue_table(queues: Sequence[Row], width: int | None, *, watching: bool = False) -> Text:
    """One line a queue; ``width``: columns to fit in, None for any number."""
    rows: list[list[Text]] = []
    for form in _forms(queues, _RATES if watching else _HOUR):
        rows = _cells(queues, form)
        widths = [max(text.cell_len for text in column) for column in zip(*rows, strict=True)]
        if width is None:
            return _joined(rows, widths, _GAPS[0])
        for gap in _GAPS:
            if fitting := shrunk(widths, [_LEAST_NAME, *widths[1:]], width - gap * (len(widths) - 1)):
                return _joined(rows, fitting, gap)
    return joined((cut(joined(row, " "), width or 1) for row in rows), "\n")


def _forms(
    queues: Sequence[Row], ended: Mapping[str, Callable[[Row], str]]
) -> Iterator[dict[str, Callable[[Row], str]]]:
    """From the widest to the narrowest."""
    now = dict(_NOW)
    if any(row["workers"] is None for row in queues):
        del now["workers"]
    if not any(row["unknown"] for row in queues):
        del now["unknown"]
    yield {**now, **_OLDEST, **ended, "wait": _pair("wait"), "run": _pair("run")}
    yield {**now, **_OLDEST, **ended, "wait": _median("wait"), "run": _median("run")}
    yield {**now, **_OLDEST, **ended}
    yield {**now, **ended}
    yield now
    yield {name: now[name] for name in ("workers", "due") if name in now}


def _cells(queues: Sequence[Row], form: Mapping[str, Callable[[Row], str]]) -> list[list[Text]]:
    rows = [[cell(title, "bold") for title in ("queue", *form)]]
    for row in queues:
        told = [cell(of(row), _style(name, row)) for name, of in form.items()]
        rows.append([cell(row["queue"]), *told])
    return rows


def _style(name: str, row: Row) -> str:
    """What is wrong stands out: jobs wait that nobody runs."""
    unserved = name == "workers" and row["workers"] == 0 and row["pending"] > 0
    return "bold yellow" if unserved or (name == "unknown" and row["unknown"]) else ""


def _joined(rows: Sequence[Sequence[Text]], widths: Sequence[int], gap: int) -> Text:
    """Names to the left, figures to the right."""
    lines = []
    for name, *figures in rows:
        aligned = [line(" " * (width - text.cell_len)) + text for text, width in zip(figures, widths[1:], strict=True)]
        lines.append(joined([cut(name, widths[0]), *aligned], " " * gap))
    return joined(lines, "\n")


def _digits(rate: float) -> str:
    """To two or three digits.

    >>> [_digits(rate) for rate in (0.0, 0.04, 1.25, 12.5, 1234.5)]
    ['0', '0.04', '1.2', '12', '1,234']
    """
    if rate >= 10:  # noqa: PLR2004
        return f"{rate:,.0f}"
    return f"{rate:.2g}"
