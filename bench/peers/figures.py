"""The figures: what each is called, and the arithmetic of medians and ratios. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bench.peers.catalog import YARDSTICK


@dataclass(frozen=True, slots=True)
class Figure:
    """One column of the report."""

    key: str
    title: str
    unit: str
    more_is_better: bool = True


DRAIN = Figure("drain", "drain", "jobs/s")
BULK = Figure("bulk", "bulk enqueue", "jobs/s")
SINGLE = Figure("single", "enqueue, 1 client", "jobs/s")
CROWD = Figure("crowd", "enqueue, 16 clients", "jobs/s")
MEDIAN = Figure("latency_median", "idle latency, median", "ms", more_is_better=False)
WORST = Figure("latency_p99", "idle latency, 99th percentile", "ms", more_is_better=False)
FIGURES = (DRAIN, BULK, SINGLE, CROWD, MEDIAN, WORST)


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure of one peer in one round."""

    peer: str
    round: int
    figure: str
    value: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of one peer over all rounds."""

    value: float
    """The median."""
    ratio: float | None
    """How many times better the yardstick was: the median of its rounds. None without the yardstick's figure."""
    ratios: tuple[float, ...]


Summary = Mapping[str, Mapping[str, Cell]]
"""By peer, then by figure."""


def summarize(samples: Iterable[Sample]) -> dict[str, dict[str, Cell]]:
    """Medians, and ratios within each round."""
    values: dict[tuple[str, str], dict[int, float]] = {}
    for sample in samples:
        values.setdefault((sample.peer, sample.figure), {})[sample.round] = sample.value
    summary: dict[str, dict[str, Cell]] = {}
    for figure in FIGURES:
        yardstick = values.get((YARDSTICK, figure.key), {})
        for (peer, key), rounds in values.items():
            if key == figure.key:
                summary.setdefault(peer, {})[key] = _cell(figure, rounds, yardstick)
    return summary


def percentile(values: Iterable[float], share: float) -> float:
    """The least value that at least this share of them does not exceed.

    Raises:
        ValueError: There are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _cell(figure: Figure, rounds: Mapping[int, float], yardstick: Mapping[int, float]) -> Cell:
    ratios = tuple(_ratio(figure, yardstick[n], value) for n, value in sorted(rounds.items()) if n in yardstick)
    return Cell(statistics.median(rounds.values()), statistics.median(ratios) if ratios else None, ratios)


def _ratio(figure: Figure, yardstick: float, peer: float) -> float:
    better, worse = (yardstick, peer) if figure.more_is_better else (peer, yardstick)
    return better / worse if worse else float("inf")
