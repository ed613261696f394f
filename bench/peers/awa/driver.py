"""Drives Awa by its Python package, on its queue storage: see peer.toml."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import awa
from on_postgresql import URL, Enqueue, drive, tell, until_told

WORKERS = 1024
BATCH = 512
POLL_MS = 50
SLICE = 10_000
SCHEMA = "awa"


@dataclass
class Noop:
    n: int


@dataclass
class Clocked:
    port: int
    n: int


TASKS = {"noop": Noop, "clocked": Clocked}


@asynccontextmanager
async def connected() -> AsyncIterator[awa.AsyncClient]:
    async with awa.AsyncClient(URL) as client:
        yield client


class Awa:
    """What is done is in batches of receipts, each with its time; the rows that were ready stay for a while."""

    left = """SELECT (SELECT count(*) FROM awa.ready_entries) - (SELECT count(*) FROM awa.done_entries)
        - (SELECT coalesce(sum(completed_count), 0) FROM awa.receipt_completion_batches)"""
    newest_left = """SELECT WHERE (SELECT count(*) FROM awa.done_entries)
        + (SELECT coalesce(sum(completed_count), 0) FROM awa.receipt_completion_batches)
        < (SELECT count(*) FROM awa.ready_entries)"""
    span = """SELECT extract(epoch FROM max(finalized_at) - min(finalized_at)) FROM
        (SELECT finalized_at FROM awa.receipt_completion_batches UNION ALL SELECT finalized_at FROM awa.done_entries)
        AS done"""

    async def prepare(self) -> None:
        async with connected() as client:
            await client.migrate()

    async def reset(self) -> None:
        async with connected() as client:
            await client.install_queue_storage(schema=SCHEMA, reset=True)

    async def fill(self, jobs: int) -> None:
        async with connected() as client:
            for start in range(0, jobs, SLICE):
                batch = [Noop(n) for n in range(start, min(start + SLICE, jobs))]
                await client.enqueue_many_copy(batch, queue="default")

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async with connected() as client:

            async def enqueue(task: str, payload: dict[str, int]) -> object:
                return await client.insert(TASKS[task](**payload), queue="default")

            yield enqueue

    async def work(self) -> None:
        os.environ["AWA_COMPLETION_BATCH_SIZE"] = str(BATCH)
        async with connected() as client:

            @client.task(Noop, queue="default")
            async def noop(job: awa.Job) -> None:
                pass

            @client.task(Clocked, queue="default")
            async def clocked(job: awa.Job) -> None:
                tell(job.args.port, job.args.n)

            queue = {"name": "default", "max_workers": WORKERS, "claim_batch_size": BATCH}
            await client.start([queue], poll_interval_ms=POLL_MS)
            await until_told()
            await client.shutdown()


if __name__ == "__main__":
    drive(Awa())
