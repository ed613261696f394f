"""Draws a section's panels into one PNG, by matplotlib."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.section import Panel, Section

COLORS = ("#2a6f97", "#b8c4cc", "#d98e04", "#7a5195")
ACROSS = 2
"""Panels beside one another."""

MOST_LETTERS = 9
"""Longer names along an axis are put aslant, or to the side."""


def can_draw() -> bool:
    """Whether matplotlib is here (extra ``bench``)."""
    return find_spec("matplotlib") is not None


def draw(section: Section, path: Path) -> None:
    """One picture of all panels of a section."""
    from matplotlib.figure import Figure  # no pyplot: it keeps global state and looks for a screen

    panels = section.panels
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(6.0 * max(across, 1.2), 3.4 * down), layout="constrained")
    for at, panel in enumerate(panels):
        axes = figure.add_subplot(down, across, at + 1)
        _lying(axes, panel) if _long(panel) else _standing(axes, panel)
    figure.savefig(path, dpi=110)


def _long(panel: Panel) -> bool:
    return max(map(len, panel.groups)) > 2 * MOST_LETTERS


def _standing(axes: Any, panel: Panel) -> None:
    width = 0.8 / len(panel.series)
    for n, (name, values) in enumerate(panel.series.items()):
        places = [group + (n - (len(panel.series) - 1) / 2) * width for group in range(len(values))]
        bars = axes.bar(places, values, width * 0.92, label=name, color=COLORS[n % len(COLORS)])
        axes.bar_label(bars, labels=[short(value) for value in values], fontsize=7, padding=1)
    aslant = 20 if max(map(len, panel.groups)) > MOST_LETTERS and len(panel.groups) > ACROSS else 0
    axes.set_xticks(range(len(panel.groups)), panel.groups, rotation=aslant)
    axes.set_ylabel(panel.unit)
    axes.margins(y=0.15)
    if panel.log:
        axes.set_yscale("log")
    if panel.wanted is not None:
        axes.axhline(panel.wanted, color="#444444", linewidth=0.8, linestyle="--")
    _finish(axes, panel)


def _lying(axes: Any, panel: Panel) -> None:
    height = 0.8 / len(panel.series)
    for n, (name, values) in enumerate(panel.series.items()):
        places = [group + (n - (len(panel.series) - 1) / 2) * height for group in range(len(values))]
        bars = axes.barh(places, values, height * 0.92, label=name, color=COLORS[n % len(COLORS)])
        axes.bar_label(bars, labels=[short(value) for value in values], fontsize=7, padding=2)
    axes.set_yticks(range(len(panel.groups)), panel.groups, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(panel.unit)
    axes.margins(x=0.12)
    if panel.wanted is not None:
        axes.axvline(panel.wanted, color="#444444", linewidth=0.8, linestyle="--")
    _finish(axes, panel)


def _finish(axes: Any, panel: Panel) -> None:
    axes.set_title(panel.title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.series) > 1:
        axes.legend(fontsize=7, frameon=False, loc="best")


def short(value: float) -> str:
    """A figure in as few letters as it takes.

    >>> [short(value) for value in (0.956, 3.25, 42.4, 940, 56_300, 1_200_000)]
    ['0.96', '3.2', '42', '940', '56k', '1.2M']
    """
    if value >= 1_000_000:
        return f"{value / 1_000_000:.1f}M"
    if value >= 10_000:
        return f"{value / 1_000:.0f}k"
    if value >= 1_000:
        return f"{value / 1_000:.1f}k"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
