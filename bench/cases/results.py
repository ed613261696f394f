"""What results cost: a drain of jobs whose type keeps none, and of jobs that return nothing, or a small dict; and when
whoever waits hears of the end.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Final

from bench import noop
from bench.drains import Bench, Round
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table, median, told
from pooljobs import PoolJobs

TEXT: Final = """\
Drains in turn, with batches of 500 on two workers. *kept* is by a type with `result=True`: such batches go by
`settle_full.sql`. Processor time is of the fleet and of the server, by the job, and its ratio to the drain before it of
jobs whose type keeps nothing. A waiter asks for one result at a time of a fleet that idles; he hears of it so long
after the settlement began, its commit included."""

KINDS: Final = {"noop": "keeps nothing", "noop_kept": "None is kept", "noop_returning": "a small dict is kept"}


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Every kind in turn, then a few jobs that are waited for."""
    done: dict[str, list[Round]] = {kind: [] for kind in KINDS}
    steps = effort.rounds * len(KINDS) + 1
    bench = Bench(dsn, effort.jobs, 2, 500, 100)
    with bench.connection:
        for n in range(effort.rounds):
            for at, (kind, rounds) in enumerate(done.items()):
                bench.job_type = kind
                rounds.append(bench.of_fleet())
                progress((n * len(KINDS) + at + 1) / steps)
        bench.job_type = "noop"
        heard = waited(bench, max(effort.latency_jobs, 3))
    progress(1.0)
    return section(done, heard)


def waited(bench: Bench, count: int) -> list[float]:
    """Milliseconds from the settlement of each job until its result was there."""
    lags = []
    with bench.serving(), PoolJobs(bench.dsn) as app:
        for n in range(count + 1):
            job = app.handle(app.enqueue("noop_returning", {"n": n}).id, noop.noop_returning)
            _, outcome = next(app.results([job], timeout=60))
            at = time.time()
            assert outcome.get()["n"] == n
            ended = job.status().finished_at
            assert ended is not None
            lags.append((at - ended.timestamp()) * 1e3)
    return lags[1:]  # the first one opens the connection


def cpu(one: Round) -> float:
    """Microseconds a job."""
    return one.worker_cpu_us + one.server_cpu_us


def section(done: dict[str, list[Round]], heard: list[float]) -> Section:
    """What was found, as the report shows it."""
    plain = done["noop"]
    rows = tuple(
        (
            name,
            f"{median(one.worker_cpu_us for one in done[kind]):.1f}",
            f"{median(one.server_cpu_us for one in done[kind]):.1f}",
            told([cpu(one) / cpu(before) for one, before in zip(done[kind], plain, strict=True)]),
            f"{median(one.wal_bytes for one in done[kind]):,.0f}",
        )
        for kind, name in KINDS.items()
    )
    headings = ("", "worker CPU µs/job", "server CPU µs/job", "CPU, ratio", "WAL B/job")
    waits = Table(
        ("jobs waited for", "heard after, ms", "at most"),
        ((str(len(heard)), f"{median(heard):.1f}", f"{max(heard):.1f}"),),
    )
    series = {"CPU": tuple(median(map(cpu, done[kind])) for kind in KINDS)}
    panel = Panel("results", "µs/job", tuple(KINDS.values()), series)
    data = {"rounds": {kind: [asdict(one) for one in rounds] for kind, rounds in done.items()}, "heard_ms": heard}
    return Section("results", "Results", TEXT, (Table(headings, rows), waits), (panel,), data)
