"""The course of the bench: a schema, the small probes, enqueueing, a fleet that drains and then idles, a judgement."""

from __future__ import annotations

import os
import signal
import socket
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import Connection

from pooljobs.db.statements import render
from pooljobs_cli.bench import enqueueing, probes
from pooljobs_cli.bench.bench_jobs import DSN_VARIABLE, SCHEMA, SOCKET_VARIABLE, app
from pooljobs_cli.bench.bench_schema import staged
from pooljobs_cli.bench.draining import count_left, drain, idle_latency
from pooljobs_cli.bench.figures import Drain, Figures
from pooljobs_cli.staging.own_fleet import FleetError, OwnFleet
from pooljobs_cli.staging.own_folder import own_folder
from pooljobs_cli.staging.own_schema import Agree

BATCH: Final = 500
"""Most jobs of a claim: handlers that do nothing should wait for nothing."""

_WARM: Final = 5
_P99: Final = 0.99

Show = Callable[[str, float], None]
"""Told what is done now, and what share of it is."""


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What to measure: jobs in the backlog, worker processes, and jobs one at a time in an idle fleet."""

    jobs: int
    procs: int
    idle_jobs: int


def run_bench(dsn: str, settings: BenchSettings, agree: Agree, show: Show) -> Figures:
    """Measure. Ctrl-C and SIGTERM drain the workers and drop the schema, as any error does.

    Raises:
        PoolJobsError: The database cannot be had, its use is not agreed to, or the workers broke.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app.use_dsn(dsn)
    with staged(dsn, agree) as connection, app:
        show("round trips", 0.0)
        trip = probes.round_trip(connection)
        synced, unsynced = (probes.commit(connection, synced=wait) for wait in (True, False))
        show("enqueueing", 0.0)
        single = enqueueing.single()
        bulk = enqueueing.bulk(settings.jobs, lambda done: show("enqueueing", done / settings.jobs))
        drained, latencies = _of_fleet(dsn, connection, settings, show)
    latencies.sort()
    p99 = latencies[min(len(latencies) - 1, int(len(latencies) * _P99))]
    return Figures(
        round_trip=trip,
        commit=synced,
        commit_unsynced=unsynced,
        bulk_rate=bulk,
        single_rate=single,
        idle_latency=(statistics.median(latencies), p99),
        drain=drained,
        procs=settings.procs,
        processors=os.cpu_count() or 1,
    )


def _of_fleet(dsn: str, connection: Connection[Any], settings: BenchSettings, show: Show) -> tuple[Drain, list[float]]:
    """The drain, and the latencies after it."""
    connection.execute(render("VACUUM ANALYZE {schema}.live", SCHEMA))
    backlog = count_left(connection)
    with _folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        place = str(folder / "bell")
        receiver.bind(place)
        show("starting workers", 0.0)
        with OwnFleet(folder / "log", *_options(settings), env={DSN_VARIABLE: dsn, SOCKET_VARIABLE: place}) as fleet:
            drained = drain(connection, fleet, backlog, lambda done: show("draining", done / backlog))
            show("one at a time", 0.0)
            return drained, idle_latency(fleet, receiver, settings.idle_jobs + _WARM)[_WARM:]


@contextmanager
def _folder() -> Iterator[Path]:
    """For the workers' log and the socket. It stays only if the workers broke: the error names the log."""
    with own_folder("pooljobs-bench-") as folder:
        try:
            yield folder.path
        except FleetError:
            folder.keep = True
            raise


def _options(settings: BenchSettings) -> list[str]:
    """Of ``serve``."""
    return [
        *("--app", "pooljobs_cli.bench.bench_jobs:app", "--schema", SCHEMA, "--procs", str(settings.procs)),
        *("--batch-size", str(BATCH), "--poll-interval", "1", "--connections", "3", "--log-level", "warning"),
    ]
