"""Measures how fast a fleet empties a queue, as a ratio to the same statements in a bare loop. See bench/README.md.

With ``--adaptive`` the fleet sizes its batches by itself, and the yardstick is the same fleet with batches of one size.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import psycopg
import typer
from psycopg import Connection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import limit
from pooljobs.db.migrate import migrate
from pooljobs.embedded import acquire

ROOT = Path(__file__).parent.parent
DURABILITY = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers")


@dataclass(frozen=True)
class Round:
    """One drain: seconds from the first committed completion to the last, and its cost a job."""

    jobs_per_second: float
    worker_cpu_us: float
    server_cpu_us: float
    wal_bytes: float
    idle_share: float


class Bench:
    """One database, drained again and again."""

    def __init__(self, dsn: str, jobs: int, procs: int, batch: int, payload: int, *, adaptive: bool = False) -> None:
        self.dsn, self.jobs, self.procs, self.batch, self.payload = dsn, jobs, procs, batch, payload
        self.adaptive = adaptive
        self.job_type, self.concurrency = "noop", 1
        self.connection: Connection[Any] = psycopg.connect(dsn, autocommit=True)

    def fill(self) -> None:
        """A fresh backlog, vacuumed and checkpointed, so that no round pays for another."""
        self.connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        self.connection.execute(
            "INSERT INTO pooljobs.live (job_type, payload)"
            " SELECT %s, jsonb_build_object('n', g, 'pad', repeat('x', %s)) FROM generate_series(1, %s) AS g",
            (self.job_type, max(0, self.payload - 22), self.jobs),
        )
        self.connection.execute("VACUUM ANALYZE pooljobs.live")
        self.connection.execute("CHECKPOINT")

    def of_fleet(self, *, profile: Path | None = None, adaptive: bool = False) -> Round:
        """Drains with ``pooljobs serve``."""
        with self._measured() as measure, self._serving(profile, adaptive=adaptive) as fleet:
            while self._left():
                time.sleep(0.05)
            return measure(sum(_cpu(process) for process in fleet.children(recursive=True)))

    def pair(self) -> tuple[Round, Round]:
        """What is measured, and its yardstick."""
        return self.of_fleet(adaptive=self.adaptive), self.of_fleet() if self.adaptive else self.of_limit()

    def of_limit(self) -> Round:
        """Drains with the bare loop."""
        with self._measured() as measure:
            return measure(limit.drain(self.dsn, self.procs, self.batch))

    @contextmanager
    def _measured(self) -> Iterator[Callable[[float], Round]]:
        self.fill()
        server, wal, idle, began = self._server_cpu(), self._wal(), psutil.cpu_times().idle, time.monotonic()

        def measure(worker_cpu: float) -> Round:
            wall = time.monotonic() - began
            row = self.connection.execute(
                "SELECT count(*), extract(epoch FROM max(finished_at) - min(finished_at))::float8 FROM pooljobs.history"
            ).fetchone()
            assert row is not None
            assert row[0] == self.jobs, f"{self.jobs - row[0]} jobs were not completed"
            return Round(
                jobs_per_second=self.jobs / row[1],
                worker_cpu_us=worker_cpu / self.jobs * 1e6,
                server_cpu_us=(self._server_cpu() - server) / self.jobs * 1e6,
                wal_bytes=(self._wal() - wal) / self.jobs,
                idle_share=(psutil.cpu_times().idle - idle) / wall / (psutil.cpu_count() or 1),
            )

        yield measure

    @contextmanager
    def _serving(self, profile: Path | None, *, adaptive: bool) -> Iterator[psutil.Process]:
        options = ["--app", "bench.noop:app", "--dsn", self.dsn, "--log-level", "error", "--poll-interval", "0.1"]
        sizes = ["--procs", str(self.procs), "--concurrency", str(self.concurrency)]
        sizes += [] if adaptive else ["--batch-size", str(self.batch), "--no-adaptive"]
        module = ["bench.profiled", str(profile)] if profile else ["pooljobs"]
        process = subprocess.Popen([sys.executable, "-m", *module, "serve", *options, *sizes], cwd=ROOT)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)

    def _left(self) -> bool:
        row = self.connection.execute("SELECT EXISTS (SELECT FROM pooljobs.live)").fetchone()
        return bool(row and row[0])

    def _wal(self) -> int:
        row = self.connection.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetchone()
        assert row is not None
        return int(row[0])

    def _server_cpu(self) -> float:
        """Processor seconds of the server and of all its backends, those that have ended included."""
        backend = psutil.Process(self.connection.info.backend_pid)
        postmaster = backend.parent()
        assert postmaster is not None
        ended = postmaster.cpu_times()
        return float(ended.children_user + ended.children_system) + sum(_cpu(p) for p in postmaster.children())


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def main(
    *,
    jobs: Annotated[int, typer.Option(help="Jobs in the backlog.")] = 100_000,
    procs: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    batch_size: Annotated[int, typer.Option(help="Most jobs a claim takes.")] = 500,
    payload: Annotated[int, typer.Option(help="Bytes of each job's payload.")] = 100,
    rounds: Annotated[int, typer.Option(help="Pairs of runs, fleet and limit in turn.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Compare adaptive batches with pinned ones.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Profile one worker, in a round of its own.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drain a backlog of no-op jobs, and compare with the same statements in a bare loop."""
    with database(dsn) as found:
        migrate(found)
        bench = Bench(found, jobs, procs, batch_size, payload, adaptive=adaptive)
        pairs = _pairs(bench, rounds)
        report(bench, pairs, as_json=as_json)
        if profile:
            with tempfile.TemporaryDirectory() as folder:
                bench.of_fleet(profile=Path(folder, "worker"))
                subprocess.run([sys.executable, "-m", "bench.profiled", "--show", Path(folder, "worker")], check=True)


@contextmanager
def database(dsn: str | None) -> Iterator[str]:
    """The server that was named, or an embedded one."""
    if dsn:
        yield dsn
        return
    root = ROOT / ".pooljobs" / "bench"
    with acquire(root, settings={"shared_buffers": "512MB", "max_wal_size": "4GB"}) as server:
        yield server.dsn


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
    settings = {
        name: (bench.connection.execute("SELECT current_setting(%s)", (name,)).fetchone() or ("",))[0]
        for name in ("server_version", *DURABILITY)
    }
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
