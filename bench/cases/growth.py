"""Whether a drain stays level as the tables grow."""

from __future__ import annotations

from typing import Final

from bench import growth
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
The same drain with the tables made large in different ways, each in turn with the plain one beside it. The names
say millions; this run made the tables {scale:g} times as large. `python -m bench.growth` has the full sizes."""


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Each case in turn with the plain drain."""
    bench = growth.Growth(dsn, 2, 500, effort.growth_scale)
    ratios: dict[str, list[float]] = {case.name: [] for case in growth.CASES}
    total = len(growth.CASES) * effort.growth_rounds
    for n in range(effort.growth_rounds):
        for at, case in enumerate(growth.CASES):
            plain = bench.rate(growth.PLAIN)
            ratios[case.name].append(bench.rate(case) / plain)
            progress((n * len(growth.CASES) + at + 1) / total)
    return section(ratios, {case.name: case.floor for case in growth.CASES}, effort.growth_scale)


def section(ratios: dict[str, list[float]], wanted: dict[str, float], scale: float) -> Section:
    """What was found, as the report shows it."""
    rows = tuple((name, told(values), f"{wanted[name]:.2f}") for name, values in ratios.items())
    series = {
        "measured": tuple(median(values) for values in ratios.values()),
        "wanted at least": tuple(wanted[name] for name in ratios),
    }
    table = Table(("case", "ratio to the plain drain", "wanted"), rows)
    panel = Panel("growth", "of the plain drain", tuple(ratios), series, wanted=1.0)
    data = {"scale": scale, "ratios": ratios, "wanted": wanted}
    return Section("growth", "Growth", TEXT.format(scale=scale), (table,), (panel,), data)
