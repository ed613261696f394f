"""Measures how fast a fleet empties a queue, as a ratio to the same statements in a bare loop. See bench/README.md.

With ``--adaptive`` the fleet sizes its batches by itself, and the yardstick is the same fleet with batches of one size.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.drains import Bench, Round
from bench.places import database
from bench.report.machine import durability

__all__ = ["Bench", "Round", "database"]


def main(
    *,
    jobs: Annotated[int, typer.Option(help="Jobs in the backlog.")] = 100_000,
    procs: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    batch_size: Annotated[int, typer.Option(help="Most jobs a claim takes.")] = 500,
    payload: Annotated[int, typer.Option(help="Bytes of each job's payload.")] = 100,
    rounds: Annotated[int, typer.Option(help="Pairs of runs, fleet and yardstick in turn.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Compare adaptive batches with pinned ones.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Profile one worker, in a round of its own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drain a backlog of no-op jobs, and compare with the same statements in a bare loop."""
    with database(dsn) as found:
        bench = Bench(found, jobs, procs, batch_size, payload, adaptive=adaptive)
        report(bench, _pairs(bench, rounds), as_json=as_json)
        if profile:
            with tempfile.TemporaryDirectory() as folder:
                bench.of_fleet(profile=Path(folder, "worker"))
                subprocess.run([sys.executable, "-m", "bench.profiled", "--show", Path(folder, "worker")], check=True)


def _pairs(bench: Bench, rounds: int) -> list[tuple[Round, Round]]:
    pairs = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("draining", total=rounds)
        for _ in range(rounds):
            pairs.append(bench.pair())
            progress.advance(task)
    return pairs


def report(bench: Bench, pairs: list[tuple[Round, Round]], *, as_json: bool) -> None:
    """Prints medians and the ratio of each pair."""
    ratios = sorted(fleet.jobs_per_second / bare.jobs_per_second for fleet, bare in pairs)
    settings = durability(bench.connection)
    if as_json:
        rows = [{"fleet": asdict(fleet), "limit": asdict(bare)} for fleet, bare in pairs]
        sizes = {"jobs": bench.jobs, "procs": bench.procs, "batch_size": bench.batch, "payload_bytes": bench.payload}
        print(json.dumps({"settings": settings, **sizes, "rounds": rows, "ratios": ratios}, indent=2))
        return
    table = Table(title=f"{bench.jobs:,} no-op jobs of {bench.payload} B, {bench.procs} processes, batch {bench.batch}")
    for heading in ("", "jobs/s", "worker CPU µs/job", "server CPU µs/job", "WAL B/job", "machine idle"):
        table.add_column(heading, justify="left" if not heading else "right")
    names = ("adaptive", f"batches of {bench.batch}") if bench.adaptive else ("pooljobs serve", "limit (bare loop)")
    for side, name in enumerate(names):
        table.add_row(name, *_medians([pair[side] for pair in pairs]))
    console = Console()
    console.print(table)
    console.print(f"ratio of the two, pair by pair: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    console.print(", ".join(f"{name} {value}" for name, value in settings.items()))


def _medians(rounds: list[Round]) -> list[str]:
    def median(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in rounds))

    return [
        f"{median('jobs_per_second'):,.0f}",
        f"{median('worker_cpu_us'):.1f}",
        f"{median('server_cpu_us'):.1f}",
        f"{median('wal_bytes'):,.0f}",
        f"{median('idle_share'):.0%}",
    ]


if __name__ == "__main__":
    typer.run(main)
