"""Measures how fast one worker with ``--concurrency`` empties a queue of async jobs. See bench/README.md."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.drain import Bench, database
from pooljobs.db.schema.migrator import migrate


def main(
    *,
    jobs: Annotated[int, typer.Option(help="Jobs in the backlog.")] = 10_000,
    concurrency: Annotated[int, typer.Option(help="Handlers at a time.")] = 100,
    rounds: Annotated[int, typer.Option(help="Runs of each kind, in turn.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
) -> None:
    """Drain a backlog of async jobs that wait for 10 ms each, and one of jobs that return at once."""
    with database(dsn) as found:
        migrate(found)
        bench = Bench(found, jobs, procs=1, batch=500, payload=100)
        bench.concurrency = concurrency
        for _ in range(rounds):
            for bench.job_type in ("nap_async", "noop_async", "noop"):
                measured = bench.of_fleet(adaptive=True)
                print(
                    f"{bench.job_type:<10}  {measured.jobs_per_second:>8,.0f} jobs/s  {measured.worker_cpu_us:.0f} µs"
                )


if __name__ == "__main__":
    typer.run(main)
