"""Measures what more processes bring to handlers that compute, and what memory each of them takes. See bench/README.md.

``python -m bench.scale [--procs 1 --procs 2 …] [--jobs 400] [--rounds 3] [--json]``
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import psutil
import psycopg
import typer
from psycopg import Connection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.busy import busy
from bench.drain import database
from bench.memory import PROCS, Memory, measure_memory
from bench.serving import serving
from pooljobs.db.schema.migrator import migrate


@dataclass(frozen=True)
class Round:
    """Computing handlers on so many processes: what they did a second, against the same calls in one process with no
    queue at all; and the proportional memory of a child, in bytes.
    """

    procs: int
    jobs_per_second: float
    alone_per_second: float
    bytes_a_worker: float


def measure(dsn: str, procs: int, jobs: int) -> Round:
    """One drain of computing jobs, after the same calls without pooljobs."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        connection.execute(
            "INSERT INTO pooljobs.live (job_type, payload)"
            " SELECT 'busy', jsonb_build_object('n', n) FROM generate_series(1, %s) AS n",
            (jobs,),
        )
        alone = _alone(max(20, jobs // 10))
        options = ("--procs", str(procs), "--poll-interval", "0.05", "--batch-size", "10")
        with serving(dsn, *options, app="bench.busy:app") as fleet:
            memory = _wait(connection, fleet)
        return Round(procs, _rate(connection), alone, memory)


def _alone(calls: int) -> float:
    began = time.perf_counter()
    for n in range(calls):
        busy(n)
    return calls / (time.perf_counter() - began)


def _wait(connection: Connection[Any], fleet: psutil.Process) -> float:
    """Waits for the end of all jobs; the mean proportional memory of the workers, as last seen."""
    seen = 0.0
    while connection.execute("SELECT EXISTS (SELECT FROM pooljobs.live)").fetchone() == (True,):
        workers = fleet.children()[1:]  # the first is the steward
        if workers:
            seen = statistics.mean(_proportional(worker) for worker in workers)
        time.sleep(0.2)
    return seen


def _proportional(process: psutil.Process) -> float:
    """Bytes: private memory, and a share of what is shared. All of it where the system does not tell."""
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(getattr(memory, "pss", memory.uss))


def _rate(connection: Connection[Any]) -> float:
    row = connection.execute(
        "SELECT count(*) / extract(epoch FROM max(finished_at) - min(started_at))::float8 FROM pooljobs.history"
    ).fetchone()
    assert row is not None
    return float(row[0])


def main(
    *,
    procs: Annotated[list[int] | None, typer.Option(help="Worker processes; default 1 to the processors.")] = None,
    jobs: Annotated[int, typer.Option(help="Jobs of about 10 ms each.")] = 400,
    rounds: Annotated[int, typer.Option(help="Runs of each.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run handlers that compute on one process and more, against the same calls without a queue."""
    numbers = procs or list(range(1, (psutil.cpu_count() or 1) + 1))
    with database(dsn) as found, Progress(console=Console(stderr=True), transient=True) as progress:
        migrate(found)
        task = progress.add_task("computing", total=rounds * len(numbers))
        sizes: list[Memory] = []
        done: list[Round] = []
        for _ in range(rounds):
            for number in numbers:
                done.append(measure(found, number, jobs))
                progress.advance(task)
            if sys.platform == "linux":
                sizes += [measure_memory(found, preload=preload) for preload in (False, True)]
    report(done, sizes, as_json=as_json)


def report(rounds: list[Round], sizes: list[Memory], *, as_json: bool) -> None:
    """Prints the rounds, or tables of medians."""
    if as_json:
        told = {"rounds": [asdict(one) for one in rounds], "memory": [asdict(one) for one in sizes]}
        print(json.dumps(told, indent=2))
        return
    table = Table(title="Handlers that compute for about 10 ms")
    for heading in ("processes", "jobs/s", "of calls without a queue", "memory of a worker"):
        table.add_column(heading, justify="right")
    for procs in sorted({one.procs for one in rounds}):
        of = [one for one in rounds if one.procs == procs]
        speed = statistics.median(one.jobs_per_second for one in of)
        ratio = statistics.median(one.jobs_per_second / one.alone_per_second for one in of)
        memory = statistics.median(one.bytes_a_worker for one in of)
        table.add_row(str(procs), f"{speed:.0f}", f"{ratio:.2f}", f"{memory / 1e6:.1f} MB")
    Console().print(table)
    if sizes:
        Console().print(table_of_memory(sizes))


def table_of_memory(sizes: list[Memory]) -> Table:
    """Medians, and their ratio to those of a fleet whose workers each import the application."""
    table = Table(title=f"Memory of {PROCS} workers whose application builds a table of 40 MB")
    for heading in ("imported by", "proportional, a worker", "private, a worker", "all processes"):
        table.add_column(heading, justify="right")
    of = {preload: [one for one in sizes if one.preload is preload] for preload in (False, True)}
    for preload, name in ((False, "each worker"), (True, "one, before the fork")):
        cells = []
        for what in ("proportional", "private", "fleet"):
            median, usual = (statistics.median(getattr(one, what) for one in of[which]) for which in (preload, False))
            cells.append(f"{median / 1e6:.1f} MB" + (f" ({median / usual:.2f})" if preload else ""))
        table.add_row(name, *cells)
    return table


if __name__ == "__main__":
    typer.run(main)
