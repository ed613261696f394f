"""Measures whether a drain stays level as tables grow: each case in turn with the plain one. See bench/README.md.

``python -m bench.growth [--only NAME]… [--pending 1000000] [--history 1000000] [--snapshot-minutes 1] [--rounds 5]``
"""

from __future__ import annotations

import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.grown import Grown, Load, Round
from bench.places import database

PLAIN = Load(pending=10_000)


@dataclass(frozen=True)
class Case:
    """A database that differs from the plain one."""

    name: str
    title: str
    wanted: float
    """The ratio to the plain drain that is wanted at least."""
    load: Load


@dataclass(frozen=True)
class Pair:
    """A round of the plain database, and one of the case right beside it."""

    plain: Round
    case: Round

    @property
    def rate(self) -> float:
        """How fast the case is, as a ratio to the plain one."""
        return self.case.jobs_per_second / self.plain.jobs_per_second

    @property
    def cost(self) -> float:
        """The processor time of a job, as a ratio to the plain one's."""
        return self.case.cpu_us / self.plain.cpu_us


def cases(pending: int, future: int, history: int, snapshot_minutes: float) -> list[Case]:
    """All of them, at these sizes."""
    old = f"a snapshot held open for {snapshot_minutes:g} minutes of full work"
    return [
        Case("pending", f"{pending:,} pending", 0.9, Load(pending=pending)),
        Case("future", f"{future:,} due tomorrow at a higher priority", 0.95, Load(10_000, future=future)),
        Case("history", f"{history:,} in history", 0.95, Load(10_000, history=history)),
        Case("10-queues", "10 queues", 0.8, Load(10_000, queues=10)),
        Case("100-queues", "100 queues", 0.8, Load(10_000, queues=100)),
        Case("snapshot", old, 0.7, Load(10_000, snapshot_minutes=snapshot_minutes)),
    ]


@dataclass(frozen=True)
class Sizes:
    """Of all rounds."""

    rounds: int
    jobs: int
    procs: int
    batch: int


def measure(case: Case, dsn: str, sizes: Sizes, progress: Progress) -> list[Pair]:
    """Fills both databases, and drains them in turn."""
    load, jobs = case.load, sizes.jobs
    rows = PLAIN.pending + load.pending + load.future + load.history
    filling = progress.add_task(f"{case.name}: filling", total=rows)
    ageing = progress.add_task(f"{case.name}: growing old", total=(load.snapshot_minutes or 0) * 60)
    draining = progress.add_task(f"{case.name}: draining", total=sizes.rounds)
    with ExitStack() as stack:
        plain = stack.enter_context(Grown(dsn, "growth_plain", PLAIN, sizes.procs, sizes.batch))
        grown = stack.enter_context(Grown(dsn, "growth_case", load, sizes.procs, sizes.batch))
        for side in (plain, grown):
            side.fill(lambda rows: progress.advance(filling, rows))
            side.drain(jobs)  # the first of each is for nothing
        grown.age(jobs, lambda seconds: progress.advance(ageing, seconds))
        pairs = []
        for _ in range(sizes.rounds):
            pairs.append(Pair(plain.drain(jobs), grown.drain(jobs)))
            progress.advance(draining)
        return pairs


def main(
    *,
    only: Annotated[
        list[str] | None, typer.Option(help="pending, future, history, 10-queues, 100-queues, snapshot; default all.")
    ] = None,
    pending: Annotated[int, typer.Option(help="Jobs pending in the case of that name.")] = 1_000_000,
    future: Annotated[int, typer.Option(help="Jobs due tomorrow.")] = 1_000_000,
    history: Annotated[int, typer.Option(help="Jobs that ended in the last seven days.")] = 1_000_000,
    snapshot_minutes: Annotated[float, typer.Option(help="The age of the old snapshot.")] = 1.0,
    jobs: Annotated[int, typer.Option(help="Jobs that a round drains.")] = 150_000,
    procs: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    batch_size: Annotated[int, typer.Option(help="Most jobs a claim takes.")] = 500,
    rounds: Annotated[int, typer.Option(help="Pairs of runs, plain and case in turn.")] = 5,
    dsn: Annotated[
        str | None, typer.Option(help="A server; databases growth_… are made there and dropped. Default: embedded.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drain as the tables grow, and compare each case with the plain drain beside it."""
    known = cases(pending, future, history, snapshot_minutes)
    if unknown := set(only or ()) - {case.name for case in known}:
        raise typer.BadParameter(f"no case is named {', '.join(sorted(unknown))}", param_hint="--only")
    chosen = [case for case in known if not only or case.name in only]
    sizes = Sizes(rounds, jobs, procs, batch_size)
    with database(dsn) as server, Progress(console=Console(stderr=True), transient=True) as progress:
        found = [(case, measure(case, server, sizes, progress)) for case in chosen]
    report(found, as_json=as_json)


def report(found: list[tuple[Case, list[Pair]]], *, as_json: bool) -> None:
    """Prints each case's ratios, and the medians."""
    if as_json:
        told = {
            case.title: {"wanted": case.wanted, "rates": [p.rate for p in pairs], "costs": [p.cost for p in pairs]}
            for case, pairs in found
        }
        print(json.dumps(told, indent=2))
        return
    table = Table(title="Drain as tables grow, against the plain drain beside it")
    for heading in ("case", "rate", "wanted", "pair by pair", "CPU a job", "jobs/s", "plain"):
        table.add_column(heading)
    for case, pairs in found:
        table.add_row(
            case.title,
            f"{statistics.median(pair.rate for pair in pairs):.2f}",
            f"{case.wanted:g}",
            " ".join(f"{pair.rate:.2f}" for pair in pairs),
            f"{statistics.median(pair.cost for pair in pairs):.2f}",
            f"{statistics.median(pair.case.jobs_per_second for pair in pairs):,.0f}",
            f"{statistics.median(pair.plain.jobs_per_second for pair in pairs):,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
