"""The cases, a file for each: ``measure(dsn, effort, progress)`` takes figures and returns a section of the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench.cases import (
    bursts,
    concurrency,
    cost,
    drain,
    enqueue,
    foreign,
    growth,
    latency,
    limit,
    results,
    scale,
    scheduled,
    steady,
    storms,
    unique_jobs,
)
from bench.effort import Effort
from bench.section import Progress, Section

Case = Callable[[str, Effort, Progress], Section]

CASES: Final[dict[str, Case]] = {
    "limit": limit.measure,
    "drain": drain.measure,
    "concurrency": concurrency.measure,
    "bursts": bursts.measure,
    "cost": cost.measure,
    "steady": steady.measure,
    "storms": storms.measure,
    "latency": latency.measure,
    "enqueue": enqueue.measure,
    "growth": growth.measure,
    "foreign": foreign.measure,
    "results": results.measure,
    "unique": unique_jobs.measure,
    "scheduled": scheduled.measure,
    "scale": scale.measure,
}
"""In the order of the report."""
