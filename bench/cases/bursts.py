"""Whether an emptied queue takes the next burst as fast as the first, though its statistics say that it is empty."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection

from bench import meters
from bench.effort import Effort
from bench.noop import app, noop
from bench.section import Panel, Progress, Section, Table, median, told
from bench.serving import serving

TEXT: Final = """\
A burst of jobs that do nothing, drained by a fleet of two processes; then a VACUUM ANALYZE of the emptied table, as the
steward and autovacuum make it, and the same burst again, by a fleet that plans its statements only then. The planner
takes the table for empty from then on, whatever is in it. The rate is from the first handler's start to the last
completion, the processor time from the fleet's start."""

BURST: Final = 30_000
WANTED: Final = 0.9
"""Of the first burst's rate."""

_EMPTY = "SELECT relpages > 0 AND reltuples = 0 FROM pg_class WHERE oid = 'pooljobs.live'::regclass"
_RATE = """SELECT count(*), count(*) / nullif(extract(epoch FROM max(finished_at) - min(started_at))::float8, 0)
FROM pooljobs.history WHERE job_type = 'noop'"""


@dataclass(frozen=True)
class Burst:
    """One burst: completions a second, and the server's processor time a job."""

    jobs_per_second: float
    server_cpu_us: float


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """Pairs of bursts on a table that was new before each of them."""
    jobs, pairs = min(BURST, effort.jobs), []
    app.use_dsn(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection, app:
        for n in range(effort.rounds):
            connection.execute("TRUNCATE pooljobs.live")
            first = burst(connection, dsn, jobs)
            _empty(connection)
            pairs.append((first, burst(connection, dsn, jobs)))
            progress((n + 1) / effort.rounds)
    return section(pairs)


def burst(connection: Connection[Any], dsn: str, jobs: int) -> Burst:
    """Enqueues them, and has a fleet drain them."""
    connection.execute("TRUNCATE pooljobs.history")
    noop.enqueue_many({"n": n} for n in range(jobs))
    before = meters.read(connection)
    with serving(dsn, "--procs", "2"):
        deadline = time.monotonic() + 300
        while connection.execute("SELECT FROM pooljobs.live LIMIT 1").rowcount:
            if time.monotonic() > deadline:
                raise RuntimeError("the fleet did not empty its queue in five minutes")
            time.sleep(0.05)
    used = meters.read(connection).server_cpu - before.server_cpu
    row = connection.execute(_RATE).fetchone()
    assert row is not None
    assert row[0] == jobs, f"{jobs} jobs were enqueued, and {row[0]} completed"
    assert row[1] is not None, "too few jobs for a rate"
    return Burst(float(row[1]), used / jobs * 1e6)


def _empty(connection: Connection[Any]) -> None:
    """Until the statistics say so: a vacuum skips what others look at."""
    deadline = time.monotonic() + 60
    while True:
        connection.execute("VACUUM (TRUNCATE FALSE, ANALYZE) pooljobs.live")
        row = connection.execute(_EMPTY).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise RuntimeError("the statistics do not become those of an empty table")
        time.sleep(0.1)


def ratios(pairs: list[tuple[Burst, Burst]]) -> list[float]:
    """Of each pair: the second burst's rate to the first's."""
    return [second.jobs_per_second / first.jobs_per_second for first, second in pairs]


def section(pairs: list[tuple[Burst, Burst]]) -> Section:
    """What was found, as the report shows it."""
    columns = list(zip(*pairs, strict=True))
    names = ("first, on a new table", "second, on an emptied one")
    rates = [median(one.jobs_per_second for one in bursts) for bursts in columns]
    rows = tuple(
        (name, f"{rate:,.0f}", f"{median(one.server_cpu_us for one in bursts):.1f}")
        for name, rate, bursts in zip(names, rates, columns, strict=True)
    )
    caption = f"Second to first, pair by pair: {told(ratios(pairs))}; wanted {WANTED:.2f}."
    panel = Panel("bursts", "jobs/s", names, {"pooljobs serve": tuple(rates)})
    data = {"wanted": WANTED, "pairs": [[asdict(one) for one in pair] for pair in pairs]}
    table = Table(("burst", "jobs/s", "server CPU µs/job"), rows, caption)
    return Section("bursts", "Bursts", TEXT, (table,), (panel,), data)
