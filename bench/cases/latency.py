"""How soon an idle fleet starts a job."""

from __future__ import annotations

from typing import Final

import psycopg

from bench import latency
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, percentile

TEXT: Final = """\
An idle fleet of two processes, one job at a time at random moments: from the call of `enqueue` to the first line of
the handler. The yardstick, in turn: an INSERT of the same row on one connection and its SELECT on another."""
MARKS: Final = (50, 95, 99, 100)


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """One fleet, so many jobs."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
    latencies, bare = latency.measure(dsn, effort.latency_jobs, 2, ["--poll-interval", "60"], 0.1)
    progress(1.0)
    return section(latencies, bare)


def section(latencies: list[float], bare: list[float]) -> Section:
    """What was found, as the report shows it; milliseconds."""
    values = {"enqueue to start": latencies, "INSERT and SELECT": bare}
    rows = [
        (name, *(f"{percentile(found, mark):.2f} ms" for mark in MARKS), _ratio(found, bare))
        for name, found in values.items()
    ]
    headings = ("", *(f"p{mark}" if mark < 100 else "most" for mark in MARKS), "ratio of the medians")
    series = {name: tuple(percentile(found, mark) for mark in MARKS) for name, found in values.items()}
    panel = Panel("idle latency", "ms", tuple(headings[1:-1]), series)
    data = {"milliseconds": values, "ratio_of_medians": median(latencies) / median(bare)}
    return Section("latency", "Idle latency", TEXT, (Table(headings, tuple(rows)),), (panel,), data)


def _ratio(found: list[float], bare: list[float]) -> str:
    return f"{median(found) / median(bare):.2f}"
