"""What jobs at the head of a queue cost that are not for this fleet: the others' drain, and a fleet that idles."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Final

from bench.effort import Effort
from bench.grown import Grown, Idling, Load
from bench.growth import PLAIN, Pair
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
A queue with many jobs at its head of a type that the fleet does not know, in turn with a plain one beside it: the drain
of the jobs behind them, and then a fleet of two processes with nothing to do. Processor time is of workers, steward and
their connections' backends together; statements are as the server counts transactions."""

FOREIGN: Final = 1_000_000
"""Of them, times the effort's scale."""

WANTED: Final = 0.95


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Drains in turn, then idling in turn."""
    foreign = int(effort.growth_scale * FOREIGN)
    with ExitStack() as stack:
        plain = stack.enter_context(Grown(dsn, "foreign_plain", PLAIN, 2, 500))
        headed = stack.enter_context(Grown(dsn, "foreign_case", Load(PLAIN.pending, foreign=foreign), 2, 500))
        for side in (plain, headed):
            side.fill(lambda _: None)
            side.drain(effort.jobs)  # the first of each is for nothing
        pairs = []
        for number in range(effort.growth_rounds):
            pairs.append(Pair(plain.drain(effort.jobs), headed.drain(effort.jobs)))
            progress((number + 1) / (effort.growth_rounds + 1))
        idling = (plain.idle(effort.idle_seconds), headed.idle(effort.idle_seconds))
    progress(1.0)
    return section(foreign, pairs, idling)


def section(foreign: int, pairs: list[Pair], idling: tuple[Idling, Idling]) -> Section:
    """What was found, as the report shows it."""
    rates = [pair.rate for pair in pairs]
    drain = Table(
        ("", "jobs/s", "ratio to the plain drain", "wanted", "ratio of the CPU a job"),
        (
            (
                f"{foreign:,} at the head",
                f"{median(pair.case.jobs_per_second for pair in pairs):,.0f}",
                told(rates),
                f"{WANTED:.2f}",
                f"{median(pair.cost for pair in pairs):.2f}",
            ),
        ),
    )
    names = ("nothing", f"{foreign:,} of others")
    rest = Table(
        ("a fleet that idles beside", "of one processor", "statements a second"),
        tuple((name, f"{one.cpu:.2%}", f"{one.statements:.1f}") for name, one in zip(names, idling, strict=True)),
    )
    series: dict[str, tuple[float, ...]] = {"measured": (median(rates),), "wanted at least": (WANTED,)}
    panel = Panel("foreign", "of the plain drain", (f"{foreign:,} at the head",), series, wanted=1.0)
    data = {"foreign": foreign, "rounds": [asdict(pair) for pair in pairs], "idle": [asdict(one) for one in idling]}
    return Section("foreign", "Jobs of others", TEXT, (drain, rest), (panel,), data)
