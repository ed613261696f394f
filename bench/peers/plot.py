"""Draws the figures as bars, a panel each: needs matplotlib, of the extra ``bench``."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.peers.catalog import YARDSTICK
from bench.peers.figures import FIGURES, Figure, Summary

OURS, THEIRS = "#1f6f8b", "#b8b8b8"


def plot(summary: Summary, names: Mapping[str, str], path: Path) -> bool:
    """Writes the picture; False where there is no matplotlib, or nothing to draw."""
    if not summary or find_spec("matplotlib") is None:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Picture

    picture = Picture(figsize=(13, 2.6 + 0.5 * len(summary) * 2), layout="constrained")
    FigureCanvasAgg(picture)
    panels = picture.subplots(2, 3).flat
    for figure, panel in zip(FIGURES, panels, strict=True):
        _bars(panel, figure, summary, names)
    picture.savefig(path, dpi=110)
    return True


def _bars(panel: Any, figure: Figure, summary: Summary, names: Mapping[str, str]) -> None:
    """The best on top; a logarithmic scale, since peers differ by orders of magnitude."""
    found = [(cells[figure.key].value, peer) for peer, cells in summary.items() if figure.key in cells]
    if not found:
        panel.set_axis_off()
        return
    found.sort(reverse=not figure.more_is_better)
    bars = panel.barh(
        [names.get(peer, peer) for _, peer in found],
        [value for value, _ in found],
        color=[OURS if peer == YARDSTICK else THEIRS for _, peer in found],
    )
    panel.bar_label(bars, [f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value, _ in found], padding=3)
    panel.set_xscale("log")
    panel.margins(x=0.25)
    panel.set_title(
        f"{figure.title}, {figure.unit} ({'more' if figure.more_is_better else 'less'} is better)", fontsize=10
    )
    panel.spines[["top", "right"]].set_visible(False)
