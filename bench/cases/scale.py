"""What more processes bring to handlers that compute, and what memory each takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import psutil

from bench import scale
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
Handlers that compute for about 10 ms, on one process and more. The yardstick: the same calls in one process with no
queue at all. Memory is proportional: what is shared with the supervisor counts in parts."""


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Each number of processes in turn, up to that of the processors."""
    numbers = range(1, (psutil.cpu_count() or 1) + 1)
    done: list[scale.Round] = []
    for _ in range(effort.rounds):
        for procs in numbers:
            done.append(scale.measure(dsn, procs, effort.computing_jobs))
            progress(len(done) / effort.rounds / len(numbers))
    return section(done)


def section(done: list[scale.Round]) -> Section:
    """What was found, as the report shows it."""
    numbers = sorted({one.procs for one in done})
    of = {procs: [one for one in done if one.procs == procs] for procs in numbers}
    rows = tuple(
        (
            f"{procs}",
            f"{median(one.jobs_per_second for one in of[procs]):,.0f}",
            told([one.jobs_per_second / one.alone_per_second for one in of[procs]]),
            f"{median(one.bytes_a_worker for one in of[procs]) / 1e6:.1f} MB",
        )
        for procs in numbers
    )
    headings = ("processes", "jobs/s", "times the calls without a queue", "memory of a worker")
    series = {
        "pooljobs serve": tuple(median(one.jobs_per_second for one in of[procs]) for procs in numbers),
        "calls in one process, no queue": tuple(median(one.alone_per_second for one in of[procs]) for procs in numbers),
    }
    panel = Panel("handlers that compute", "jobs/s", tuple(map(str, numbers)), series)
    return Section(
        "scale", "Scale", TEXT, (Table(headings, rows),), (panel,), {"rounds": [asdict(one) for one in done]}
    )
