"""Drives Chancy with its executor for async jobs: see peer.toml."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import psycopg
from chancy import Chancy, Queue, Worker
from on_postgresql import DSN, Enqueue, drive
from tasks import clocked, noop

TASKS = {"noop": noop, "clocked": clocked}
CONCURRENCY = 1000
QUEUE = Queue("default", concurrency=CONCURRENCY, executor=Chancy.Executor.Async, eager_polling=True)
UPDATES = 0.01


class ChancyPeer:
    """A job that is done stays, with the time of its end by the worker's clock."""

    left = "SELECT count(*) FROM chancy_jobs WHERE state <> 'succeeded'"
    newest_left = "SELECT FROM chancy_jobs WHERE state <> 'succeeded' ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(completed_at) - min(completed_at)) FROM chancy_jobs"

    async def prepare(self) -> None:
        async with Chancy(DSN) as chancy:
            await chancy.migrate()
            await chancy.declare(QUEUE, upsert=True)

    async def reset(self) -> None:
        with psycopg.connect(DSN) as connection:
            connection.execute("TRUNCATE chancy_jobs")

    async def fill(self, jobs: int) -> None:
        async with Chancy(DSN) as chancy:
            async for _ in chancy.push_many([noop.job.with_kwargs(n=n) for n in range(jobs)]):
                pass

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async with Chancy(DSN, min_connection_pool_size=1) as chancy:

            async def enqueue(task: str, payload: dict[str, int]) -> object:
                return await chancy.push(TASKS[task].job.with_kwargs(**payload))

            yield enqueue

    async def work(self) -> None:
        async with Chancy(DSN) as chancy:
            worker = Worker(chancy)
            worker.send_outgoing_interval = UPDATES
            async with worker:
                await worker.wait_for_shutdown()


if __name__ == "__main__":
    drive(ChancyPeer())
