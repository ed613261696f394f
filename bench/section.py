"""What a case hands to the report: text, tables and plots, all of them plain values. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Progress = Callable[[float], None]
"""Told what share of a case is done, 0 to 1."""


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; all columns but the first hold numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Panel:
    """One diagram: groups of bars, a bar of each series in every group.

    Attributes:
        title: What is shown.
        unit: Of the values.
        groups: Names along the axis.
        series: Values by name, one for each group.
        wanted: A line to compare with, None for none.
        log: Whether the axis of the values is logarithmic.
    """

    title: str
    unit: str
    groups: tuple[str, ...]
    series: dict[str, tuple[float, ...]]
    wanted: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Section:
    """One case's part of the report; ``data`` is every figure that was taken, for JSON."""

    name: str
    title: str
    text: str
    tables: tuple[Table, ...] = ()
    panels: tuple[Panel, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


def median(values: Iterable[float]) -> float:
    """Their median."""
    return float(statistics.median(values))


def told(ratios: Sequence[float]) -> str:
    """A median, and what it is the median of.

    >>> told([0.81, 0.9, 0.7])
    '0.81 (0.70 to 0.90)'
    """
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def percentile(values: Sequence[float], mark: float) -> float:
    """The value below which ``mark`` percent lie; the highest for 100.

    >>> [percentile([3.0, 1.0, 2.0, 4.0], mark) for mark in (0, 50, 100)]
    [1.0, 3.0, 4.0]
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * mark / 100))]
