"""Measures enqueueing through the Python API, each way as a ratio to its yardstick, in turn in the same run.

Single jobs, from one client, from sixteen threads, and from sixteen tasks of an event loop: against a bare INSERT of
the same row by psycopg, from as many threads, each with a connection. Bulk: against a COPY of the same rows, which were
written beforehand: what the server takes when the client costs nothing.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import psycopg
import typer

from bench.enqueue import BARE
from bench.noop import app, noop
from bench.places import database
from pooljobs.db.ids import IdMaker
from pooljobs.db.statements import Statements
from pooljobs.db.wire.copy_rows import HEADER, Rows

BLOCK = 1000


def by_threads(clients: int, jobs: int, make: Callable[[], Callable[[int], object]]) -> float:
    """Jobs a second of so many threads; ``make`` gives each what enqueues one."""
    calls = [make() for _ in range(clients)]

    def client(call: Callable[[int], object]) -> None:
        for n in range(jobs // clients):
            call(n)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda call: call(0), calls))
        began = time.perf_counter()
        list(pool.map(client, calls))
        return jobs // clients * clients / (time.perf_counter() - began)


def by_tasks(clients: int, jobs: int) -> float:
    """Jobs a second of so many tasks of one event loop."""

    async def client() -> None:
        for n in range(jobs // clients):
            await noop.enqueue_async(n=n)

    async def clients_together() -> float:
        await noop.enqueue_async(n=0)
        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return jobs // clients * clients / (time.perf_counter() - began)

    return asyncio.run(clients_together())


def bare(dsn: str, clients: int, jobs: int) -> float:
    """The yardstick of single jobs."""
    connections = [psycopg.connect(dsn, autocommit=True) for _ in range(clients)]
    unused = iter(connections)

    def make() -> Callable[[int], object]:
        connection = next(unused)
        return lambda _n: connection.execute(BARE, prepare=True).fetchone()

    try:
        return by_threads(clients, jobs, make)
    finally:
        for connection in connections:
            connection.close()


def bulk(jobs: int) -> float:
    """Jobs a second by ``enqueue_many``, from a generator."""
    began = time.perf_counter()
    noop.enqueue_many({"n": n} for n in range(jobs))
    return jobs / (time.perf_counter() - began)


def copied(dsn: str, jobs: int) -> float:
    """The yardstick of bulk: rows that are ready, by one COPY."""
    now_us = time.time_ns() // 1000
    rows, maker, job = Rows(now_us), IdMaker(), noop.job_of(b"")
    payloads = [b'{"n":%d}' % n for n in range(BLOCK)]
    ready = [rows.write(maker.make(BLOCK, now_us // 1000), job, payloads) for _ in range(jobs // BLOCK)]
    with psycopg.connect(dsn) as connection:
        began = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy(Statements("pooljobs").load("copy_jobs")) as copy:
            copy.write(HEADER)
            for block in ready:
                copy.write(block)
        connection.commit()
        return jobs // BLOCK * BLOCK / (time.perf_counter() - began)


def kinds(dsn: str, jobs: int, many: int) -> dict[str, tuple[Callable[[], float], Callable[[], float]]]:
    """What is measured, and its yardstick."""
    enqueue: Callable[[], Callable[[int], Any]] = lambda: lambda n: noop.enqueue(n=n)  # noqa: E731  # one for each thread
    return {
        "1 client": (lambda: by_threads(1, jobs, enqueue), lambda: bare(dsn, 1, jobs)),
        "16 threads": (lambda: by_threads(16, jobs, enqueue), lambda: bare(dsn, 16, jobs)),
        "1 task": (lambda: by_tasks(1, jobs), lambda: bare(dsn, 1, jobs)),
        "16 tasks": (lambda: by_tasks(16, jobs), lambda: bare(dsn, 16, jobs)),
        "bulk": (lambda: bulk(many), lambda: copied(dsn, many)),
    }


def main(
    *,
    jobs: Annotated[int, typer.Option(help="Single jobs of each run.")] = 3000,
    many: Annotated[int, typer.Option(help="Jobs of each bulk run.")] = 200_000,
    rounds: Annotated[int, typer.Option(help="Runs of each kind, in turn with its yardstick.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Enqueue through the Python API, one by one and in bulk, with nobody asleep."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    with database(dsn) as place, psycopg.connect(place, autocommit=True) as connection, app:
        app.pool_size = 16
        app.use_dsn(place)
        for _ in range(rounds):
            for name, (measure, yardstick) in kinds(place, jobs, many).items():
                connection.execute("TRUNCATE pooljobs.live")
                began = time.process_time()
                rate = measure()
                cpu = (time.process_time() - began) / (many if name == "bulk" else jobs)
                connection.execute("TRUNCATE pooljobs.live")
                found.setdefault(name, []).append((rate, yardstick(), cpu * 1e6))
    report(found, as_json=as_json)


def report(found: dict[str, list[tuple[float, float, float]]], *, as_json: bool) -> None:
    """Prints the medians, and the ratio of each pair."""
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, runs in found.items():
        rate, yardstick, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
        pairs = ", ".join(f"{mine / theirs:.2f}" for mine, theirs, _ in runs)
        print(
            f"{name:10} {rate:9,.0f} /s   yardstick {yardstick:9,.0f} /s   pairs {pairs}   client {cpu:6.1f} µs a job"
        )


if __name__ == "__main__":
    typer.run(main)
