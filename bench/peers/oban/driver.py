"""Drives Oban for Python, with what its command ``oban start`` does: see peer.toml."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import orjson
from oban import Oban
from oban.schema import install
from on_postgresql import DSN, Enqueue, drive, until_told
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool
from tasks import Clocked, Noop

TASKS = {"noop": Noop, "clocked": Clocked}
LIMIT = 200
SLICE = 1000


@asynccontextmanager
async def pool(size: int) -> AsyncIterator[AsyncConnectionPool]:
    set_json_dumps(orjson.dumps)
    set_json_loads(orjson.loads)
    async with AsyncConnectionPool(DSN, min_size=1, max_size=size, open=False) as opened:
        yield opened


class ObanPeer:
    """A job that is done stays, with the time of its end."""

    left = "SELECT count(*) FROM oban_jobs WHERE state <> 'completed'"
    newest_left = "SELECT FROM oban_jobs WHERE state <> 'completed' ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(completed_at) - min(completed_at)) FROM oban_jobs"

    async def prepare(self) -> None:
        async with pool(1) as connections:
            await install(connections)

    async def reset(self) -> None:
        async with pool(1) as connections, connections.connection() as connection:
            await connection.execute("TRUNCATE oban_jobs, oban_leaders, oban_producers")

    async def fill(self, jobs: int) -> None:
        async with pool(1) as connections:
            oban = Oban(pool=connections)
            for start in range(0, jobs, SLICE):
                await oban.enqueue_many(Noop.new({"n": n}) for n in range(start, min(start + SLICE, jobs)))

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async with pool(1) as connections:
            oban = Oban(pool=connections)

            async def enqueue(task: str, payload: dict[str, int]) -> object:
                return await oban.enqueue(TASKS[task].new(payload))

            yield enqueue

    async def work(self) -> None:
        async with pool(10) as connections, Oban(pool=connections, queues={"default": LIMIT}):
            await until_told()


if __name__ == "__main__":
    drive(ObanPeer())
