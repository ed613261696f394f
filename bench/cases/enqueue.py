"""How fast jobs are enqueued: one a transaction from many clients, and in bulk."""

from __future__ import annotations

import time
from typing import Final

import psycopg

from bench import enqueue
from bench.effort import Effort
from bench.noop import app, noop
from bench.section import Panel, Progress, Section, Table, median, told

TEXT: Final = """\
One job a transaction, by pgbench from 1 and 16 clients, beside a fleet whose workers are all busy. The yardstick,
in turn: the same row by a bare INSERT. `notifying` is what an ungated queue would run. Bulk is `enqueue_many`
through the Python API, from one client, against a COPY of rows that were made before, which is what the server can
take."""
CLIENTS: Final = (1, 16)

Rates = dict[str, list[float]]


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """All kinds in turn, round by round."""
    statements = enqueue.kinds()
    single = {(clients, kind): list[float]() for clients in CLIENTS for kind in statements}
    with enqueue.busy_fleet(dsn, 2):
        for n in range(effort.rounds):
            for at, (clients, kind) in enumerate(single):
                single[clients, kind].append(enqueue.run(dsn, statements[kind], clients, effort.enqueue_seconds))
                progress(0.8 * (n + (at + 1) / len(single)) / effort.rounds)
    bulk: Rates = {"COPY": [], "enqueue_many": []}
    for n in range(effort.rounds):
        bulk["COPY"].append(copied(dsn, effort.enqueue_jobs))
        bulk["enqueue_many"].append(through_api(dsn, effort.enqueue_jobs))
        progress(0.8 + 0.2 * (n + 1) / effort.rounds)
    return section(single, bulk)


def copied(dsn: str, jobs: int) -> float:
    """Rows a second that one COPY brings in, with no constraint, index or default left out."""
    rows = b"".join(b'noop\t{"n": %d}\n' % n for n in range(jobs))
    with psycopg.connect(dsn, autocommit=True) as connection:
        _empty(connection)
        began = time.perf_counter()
        with connection.cursor().copy("COPY pooljobs.live (job_type, payload) FROM STDIN") as copy:
            copy.write(rows)
        return jobs / (time.perf_counter() - began)


def through_api(dsn: str, jobs: int) -> float:
    """Jobs a second by ``enqueue_many``, committed when it returns."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        _empty(connection)
    app.use_dsn(dsn)
    with app:
        noop.enqueue_many([{"n": 0}])  # opens the connection
        began = time.perf_counter()
        noop.enqueue_many({"n": n} for n in range(jobs))
        return jobs / (time.perf_counter() - began)


def _empty(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
    connection.execute("CHECKPOINT")


def section(single: dict[tuple[int, str], list[float]], bulk: Rates) -> Section:
    """What was found, as the report shows it."""
    rows = [
        (f"{kind}, {clients} client{'s' * (clients > 1)}", *_figures(rates, single[clients, "bare"]))
        for (clients, kind), rates in single.items()
    ]
    rows += [(f"bulk, {name}", *_figures(rates, bulk["COPY"])) for name, rates in bulk.items()]
    kinds = tuple(dict.fromkeys(kind for _, kind in single))
    numbers = tuple(dict.fromkeys(clients for clients, _ in single))
    series = {kind: tuple(median(single[clients, kind]) for clients in numbers) for kind in kinds}
    panels = (
        Panel(
            "one job a transaction",
            "jobs/s",
            tuple(f"{number} client{'s' * (number > 1)}" for number in numbers),
            series,
        ),
        Panel("bulk", "jobs/s", ("one client",), {name: (median(rates),) for name, rates in bulk.items()}),
    )
    data = {"single": {f"{kind}/{clients}": rates for (clients, kind), rates in single.items()}, "bulk": bulk}
    table = Table(("", "jobs/s", "ratio to its yardstick"), tuple(rows))
    return Section("enqueue", "Enqueue", TEXT, (table,), panels, data)


def _figures(rates: list[float], yardstick: list[float]) -> tuple[str, str]:
    return f"{median(rates):,.0f}", told([rate / bare for rate, bare in zip(rates, yardstick, strict=True)])
