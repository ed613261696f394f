"""What it costs to enqueue unique jobs, one at a time and in bulk: each with a key of its own, beside plain jobs."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection

from bench import meters
from bench.effort import Effort
from bench.noop import app, noop, noop_unique
from bench.section import Panel, Progress, Section, Table, median, told
from pooljobs import Task

TEXT: Final = """\
Jobs that nobody has enqueued before, by one client: one a transaction, and by `enqueue_many`; plain ones and unique
ones in turn, and unique ones beside many keys that others hold. Processor time is of the client and the server
together, by the job, and its ratio to the plain round before it."""

SINGLE_SHARE: Final = 20
"""Of a bulk's jobs, one in so many is enqueued one at a time."""

HELD: Final = 1_000_000
"""Keys of others, times the effort's scale."""

_FILL: Final = """
INSERT INTO pooljobs.uniques (key, job_id)
SELECT sha256(n::text::bytea), pooljobs.uuid_v7() FROM generate_series(1, %s) AS n
"""


@dataclass(frozen=True)
class Enqueued:
    """One round: jobs a second, and microseconds of processor time a job."""

    jobs_per_second: float
    cpu_us: float


Rounds = dict[str, list[Enqueued]]


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Every kind in turn, round by round."""
    held = max(1, int(effort.growth_scale * HELD))
    kinds: dict[str, tuple[Task[Any, Any, Any], int]] = {
        "plain": (noop, 0),
        "unique": (noop_unique, 0),
        f"unique, {held:,} keys held": (noop_unique, held),
    }
    single: Rounds = {kind: [] for kind in kinds}
    bulk: Rounds = {kind: [] for kind in kinds}
    app.use_dsn(dsn)
    with closing(app), psycopg.connect(dsn, autocommit=True) as connection:
        for n in range(effort.rounds):
            for at, (kind, (task, keys)) in enumerate(kinds.items()):
                single[kind].append(
                    round_of(connection, task, keys, max(1, effort.enqueue_jobs // SINGLE_SHARE), one_by_one)
                )
                bulk[kind].append(round_of(connection, task, keys, effort.enqueue_jobs, together))
                progress((n + (at + 1) / len(kinds)) / effort.rounds)
    return section(single, bulk)


def round_of(connection: Connection[Any], task: Task[Any, Any, Any], keys: int, jobs: int, way: Any) -> Enqueued:
    """So many jobs, on tables with nothing but the keys of others."""
    connection.execute("TRUNCATE pooljobs.live, pooljobs.history, pooljobs.uniques")
    connection.execute(_FILL, (keys,))
    connection.execute("VACUUM ANALYZE pooljobs.uniques")
    connection.execute("CHECKPOINT")
    task.enqueue(n=-1)  # opens the connection
    before, client, began = meters.server_cpu(connection), time.process_time(), time.perf_counter()
    way(task, jobs)
    seconds = time.perf_counter() - began
    used = time.process_time() - client + meters.server_cpu(connection) - before
    return Enqueued(jobs / seconds, used / jobs * 1e6)


def one_by_one(task: Task[Any, Any, Any], jobs: int) -> None:
    """A transaction each."""
    for n in range(jobs):
        task.enqueue(n=n)


def together(task: Task[Any, Any, Any], jobs: int) -> None:
    """In one transaction."""
    task.enqueue_many({"n": n} for n in range(jobs))


def section(single: Rounds, bulk: Rounds) -> Section:
    """What was found, as the report shows it."""
    ways = {"one at a time": single, "in bulk": bulk}
    rows = tuple(
        (
            f"{way}, {kind}",
            f"{median(one.jobs_per_second for one in done):,.0f}",
            f"{median(one.cpu_us for one in done):.1f}",
            told([one.cpu_us / plain.cpu_us for one, plain in zip(done, rounds["plain"], strict=True)]),
        )
        for way, rounds in ways.items()
        for kind, done in rounds.items()
    )
    headings = ("", "jobs/s", "CPU µs/job", "CPU, ratio to plain")
    series = {kind: tuple(median(one.cpu_us for one in rounds[kind]) for rounds in ways.values()) for kind in single}
    panel = Panel("unique jobs", "µs/job", tuple(ways), series)
    data = {way: {kind: [asdict(one) for one in done] for kind, done in rounds.items()} for way, rounds in ways.items()}
    return Section("unique", "Unique jobs", TEXT, (Table(headings, rows),), (panel,), data)
