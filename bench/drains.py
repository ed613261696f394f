"""Drains: one database, filled and emptied again and again, by a fleet or by a yardstick."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import Connection

from bench import limit, meters, pgbench
from bench.places import ROOT

# Counted from when everybody who took part had completed something, so that no start-up is measured.
_RATE = """WITH firsts AS (SELECT min(finished_at) AS at FROM pooljobs.history GROUP BY worker_id),
lasts AS (SELECT max(finished_at) AS ended FROM pooljobs.history),
marks AS (SELECT max(at) AS began, min(at) AS first, (SELECT ended FROM lasts) AS ended FROM firsts),
spans AS (SELECT CASE WHEN began < ended THEN began ELSE first END AS began, ended FROM marks)
SELECT (SELECT count(*) FROM pooljobs.history),
    (SELECT count(*) FROM pooljobs.history WHERE finished_at > spans.began)
        / nullif(extract(epoch FROM spans.ended - spans.began)::float8, 0)
FROM spans"""


@dataclass(frozen=True)
class Round:
    """One drain: durable completions a second, and its cost a job."""

    jobs_per_second: float
    worker_cpu_us: float
    server_cpu_us: float
    wal_bytes: float
    idle_share: float


class Bench:
    """One database, and how it is drained. ``payload`` is in bytes."""

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

    def pair(self) -> tuple[Round, Round]:
        """What is measured, and its yardstick."""
        return self.of_fleet(adaptive=self.adaptive), self.of_fleet() if self.adaptive else self.of_bare_loop()

    def of_fleet(self, *, profile: Path | None = None, adaptive: bool = False) -> Round:
        """Drains with ``pooljobs serve``."""
        with self._measured() as measure, self.serving(profile, adaptive=adaptive) as fleet:
            while self._left():
                if not fleet.is_running() or fleet.status() == psutil.STATUS_ZOMBIE:
                    raise RuntimeError("pooljobs serve ended before its queue was empty")
                time.sleep(0.05)
            return measure(meters.fleet_cpu(fleet), self.jobs)

    def of_bare_loop(self) -> Round:
        """Drains with the same statements in a bare loop in Python."""
        with self._measured() as measure:
            return measure(limit.drain(self.dsn, self.procs, self.batch), self.jobs)

    def of_pgbench(self) -> Round:
        """Drains with the same statements and no Python at all; whole batches only, so that a few jobs may be left."""
        with self._measured() as measure:
            turns = max(1, self.jobs // (self.batch * self.procs))
            used = pgbench.drain(self.dsn, self.procs, self.batch, turns)
            return measure(used, min(self.jobs, turns * self.batch * self.procs))

    @contextmanager
    def _measured(self) -> Iterator[Callable[[float, int], Round]]:
        self.fill()
        before = meters.read(self.connection)

        def measure(worker_cpu: float, jobs: int) -> Round:
            after = meters.read(self.connection)
            row = self.connection.execute(_RATE).fetchone()
            assert row is not None, "nothing was completed"
            assert row[0] >= jobs, f"{jobs - row[0]} jobs were not completed"
            assert row[1] is not None, "too few jobs for a rate"
            return Round(
                jobs_per_second=float(row[1]),
                worker_cpu_us=worker_cpu / jobs * 1e6,
                server_cpu_us=(after.server_cpu - before.server_cpu) / jobs * 1e6,
                wal_bytes=(after.wal - before.wal) / jobs,
                idle_share=meters.idle_share(before, after),
            )

        yield measure

    @contextmanager
    def serving(self, profile: Path | None = None, *, adaptive: bool = False) -> Iterator[psutil.Process]:
        """A fleet, from its start on."""
        options = ["--app", "bench.noop:app", "--dsn", self.dsn, "--log-level", "error", "--poll-interval", "0.1"]
        sizes = ["--procs", str(self.procs), "--concurrency", str(self.concurrency)]
        sizes += [] if adaptive else pinned(self.batch)
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


def pinned(batch: int) -> list[str]:
    """The options of ``serve`` for batches of one size."""
    return ["--batch-size", str(batch), "--no-adaptive"]
