"""Drives procrastinate: see peer.toml."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import procrastinate
from on_postgresql import DSN, Enqueue, drive, tell

CONCURRENCY = 20
SLICE = 1000


@asynccontextmanager
async def opened(size: int) -> AsyncIterator[procrastinate.App]:
    connector = procrastinate.PsycopgConnector(conninfo=DSN, min_size=1, max_size=size)
    app = procrastinate.App(connector=connector)

    @app.task(name="noop")
    async def noop(n: int) -> None:
        pass

    @app.task(name="clocked")
    async def clocked(port: int, n: int) -> None:
        tell(port, n)

    async with app.open_async():
        yield app


class Procrastinate:
    """A job that is done stays; an event of its own says when."""

    left = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
    newest_left = "SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing') ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(at) - min(at)) FROM procrastinate_events WHERE type = 'succeeded'"

    async def prepare(self) -> None:
        async with opened(1) as app:
            await app.schema_manager.apply_schema_async()

    async def reset(self) -> None:
        async with opened(1) as app:
            query = "TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers"
            await app.connector.execute_query_async(query)

    async def fill(self, jobs: int) -> None:
        async with opened(1) as app:
            for start in range(0, jobs, SLICE):
                payloads = ({"n": n} for n in range(start, min(start + SLICE, jobs)))
                await app.tasks["noop"].batch_defer_async(*payloads)

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async with opened(1) as app:

            async def enqueue(task: str, payload: dict[str, int]) -> object:
                return await app.tasks[task].defer_async(**payload)

            yield enqueue

    async def work(self) -> None:
        async with opened(CONCURRENCY + 2) as app:
            await app.run_worker_async(concurrency=CONCURRENCY)


if __name__ == "__main__":
    drive(Procrastinate())
