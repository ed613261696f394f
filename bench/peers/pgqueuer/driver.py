"""Drives PgQueuer on asyncpg: see peer.toml."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import asyncpg
import pgqueuer
from on_postgresql import URL, Enqueue, drive, tell
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

BATCH = 500
SLICE = 10_000


@asynccontextmanager
async def connected() -> AsyncIterator[AsyncpgDriver]:
    connection = await asyncpg.connect(URL)
    try:
        yield AsyncpgDriver(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def application() -> AsyncIterator[pgqueuer.PgQueuer]:
    async with connected() as driver:
        app = pgqueuer.PgQueuer(driver)

        @app.entrypoint("noop")
        async def noop(job: Job) -> None:
            pass

        @app.entrypoint("clocked")
        async def clocked(job: Job) -> None:
            tell(**json.loads(job.payload or b""))

        yield app


class PgQueuer:
    """A job that is done is deleted; a row in the log table says when."""

    left = "SELECT count(*) FROM pgqueuer"
    newest_left = "SELECT FROM pgqueuer ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(created) - min(created)) FROM pgqueuer_log WHERE status = 'successful'"

    async def prepare(self) -> None:
        async with connected() as driver:
            await Queries(driver).install()

    async def reset(self) -> None:
        async with connected() as driver:
            await driver.execute("TRUNCATE pgqueuer, pgqueuer_log, pgqueuer_statistics")

    async def fill(self, jobs: int) -> None:
        async with connected() as driver:
            queries = Queries(driver)
            for start in range(0, jobs, SLICE):
                payloads = [json.dumps({"n": n}).encode() for n in range(start, min(start + SLICE, jobs))]
                await queries.enqueue(["noop"] * len(payloads), payloads, [0] * len(payloads))

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async with connected() as driver:
            queries = Queries(driver)

            async def enqueue(task: str, payload: dict[str, int]) -> object:
                return await queries.enqueue(task, json.dumps(payload).encode())

            yield enqueue

    async def work(self) -> None:
        await pgqueuer.run(application, batch_size=BATCH)


if __name__ == "__main__":
    drive(PgQueuer())
