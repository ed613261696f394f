"""Whether a drain stays level as the tables grow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from rich.progress import Progress as Bars

from bench import growth
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
The same drain in a database that is large in some way, in turn with a plain one beside it that has ten thousand jobs
pending; both are filled once. CPU is processor time a job, of workers and server together. The sizes are those in the
names; `python -m bench.growth` takes others."""

MILLION: Final = 1_000_000


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Each case in databases of its own."""
    rows = int(effort.growth_scale * MILLION)
    cases = growth.cases(rows, rows, rows, effort.growth_scale)
    sizes = growth.Sizes(effort.growth_rounds, effort.jobs, 2, 500)
    found: list[tuple[growth.Case, list[growth.Pair]]] = []
    for case in cases:
        found.append((case, growth.measure(case, dsn, sizes, Bars(disable=True))))
        progress(len(found) / len(cases))
    return section(found)


def section(found: list[tuple[growth.Case, list[growth.Pair]]]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(
        (
            case.title,
            f"{median(pair.case.jobs_per_second for pair in pairs):,.0f}",
            told([pair.rate for pair in pairs]),
            f"{case.wanted:.2f}",
            f"{median(pair.cost for pair in pairs):.2f}",
        )
        for case, pairs in found
    )
    headings = ("", "jobs/s", "ratio to the plain drain", "wanted", "ratio of the CPU a job")
    series = {
        "measured": tuple(median(pair.rate for pair in pairs) for _, pairs in found),
        "wanted at least": tuple(case.wanted for case, _ in found),
    }
    panel = Panel("growth", "of the plain drain", tuple(case.title for case, _ in found), series, wanted=1.0)
    data = {case.name: {"wanted": case.wanted, "rounds": [asdict(pair) for pair in pairs]} for case, pairs in found}
    return Section("growth", "Growth", TEXT, (Table(headings, rows),), (panel,), data)
