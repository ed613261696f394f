"""Producer and workers together, for a while: how long jobs wait at 10, 50 and 90 % of what the fleet can take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import Connection

from bench.effort import Effort
from bench.noop import app, noop
from bench.section import Panel, Progress, Section, Table
from bench.serving import serving

TEXT: Final = """\
One producer (`enqueue_many`, a transaction every 10 ms) and a fleet of two processes on the same machine. The
capacity is what they do together while the producer always keeps a backlog; then it enqueues at a share of that.
The waiting time is from the beginning of the enqueueing transaction to the handler's start, the total to the commit
that stores its end."""

TICK: Final = 0.01
SHARES: Final = (0.1, 0.5, 0.9)
BACKLOG: Final = 5_000
"""Jobs that the producer keeps ready while the capacity is measured."""

CHUNK: Final = 1_000

_FOUND = """SELECT count(*),
    count(*) / nullif(extract(epoch FROM max(finished_at) - min(run_at))::float8, 0),
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - run_at) * 1000),
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - run_at) * 1000)
FROM pooljobs.history WHERE run_at >= %s"""


@dataclass(frozen=True)
class Load:
    """One load: offered and completed jobs a second, percentiles 50, 95 and 99 in milliseconds."""

    share: float
    offered: float
    completed: float
    waited_ms: tuple[float, ...]
    total_ms: tuple[float, ...]


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """The capacity first, then each share of it."""
    with _stage(dsn) as connection:
        capacity = saturate(connection, effort.steady_seconds)
        progress(0.25)
        loads = []
        for n, share in enumerate(SHARES):
            loads.append(offer(connection, share, share * capacity, effort.steady_seconds))
            progress((n + 2) / (len(SHARES) + 1))
    return section(capacity, loads)


@contextmanager
def _stage(dsn: str) -> Iterator[Connection[Any]]:
    app.use_dsn(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection, app:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        with serving(dsn, "--procs", "2", "--poll-interval", "1"):
            noop.enqueue_many({"n": n} for n in range(1_000))  # until statements are prepared
            _wait_empty(connection)
            yield connection


def saturate(connection: Connection[Any], seconds: float) -> float:
    """Jobs a second that are enqueued and completed while there is always a backlog."""
    began, sent = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        if _left(connection) < BACKLOG:
            noop.enqueue_many({"n": n} for n in range(CHUNK))
            sent += CHUNK
        else:
            time.sleep(2 * TICK)  # a look costs the server something too
    capacity = (sent - _left(connection)) / passed
    _wait_empty(connection)
    return capacity


def offer(connection: Connection[Any], share: float, rate: float, seconds: float) -> Load:
    """Enqueues at that rate, then asks the rows what they went through."""
    since, began, sent = _now(connection), time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate) - sent
        if due:
            noop.enqueue_many({"n": n} for n in range(due))
            sent += due
        time.sleep(max(0.0, TICK - (time.monotonic() - began - passed)))
    offered = sent / (time.monotonic() - began)
    _wait_empty(connection)
    row = connection.execute(_FOUND, (since,)).fetchone()
    assert row is not None
    assert row[0] == sent, f"{sent} jobs were enqueued, and {row[0]} completed"
    return Load(share, offered, float(row[1] or 0.0), tuple(row[2] or ()), tuple(row[3] or ()))


def _now(connection: Connection[Any]) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def _left(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM pooljobs.live").fetchone()
    return int(row[0]) if row else 0


def _wait_empty(connection: Connection[Any]) -> None:
    deadline = time.monotonic() + 120
    while connection.execute("SELECT FROM pooljobs.live LIMIT 1").rowcount:
        if time.monotonic() > deadline:
            raise RuntimeError("the fleet did not empty its queue in two minutes")
        time.sleep(0.02)


def section(capacity: float, loads: list[Load]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(
        (
            f"{load.share:.0%}",
            f"{load.offered:,.0f}",
            f"{load.offered / capacity:.2f}" if capacity else "-",
            *(f"{value:.1f} ms" for value in (*load.waited_ms, *load.total_ms)),
        )
        for load in loads
    )
    marks = ("p50", "p95", "p99")
    headings = ("load", "jobs/s", "of the capacity", *(f"waited {m}" for m in marks), *(f"total {m}" for m in marks))
    series = {mark: tuple(load.waited_ms[at] for load in loads) for at, mark in enumerate(marks)}
    groups = tuple(f"{load.share:.0%}" for load in loads)
    panel = Panel(f"waiting under load (capacity {capacity:,.0f} jobs/s)", "ms", groups, series, log=True)
    caption = f"Capacity with the producer beside: {capacity:,.0f} jobs/s."
    data = {"capacity": capacity, "loads": [asdict(load) for load in loads]}
    return Section("steady", "Steady", TEXT, (Table(headings, rows, caption),), (panel,), data)
