"""Drives pooljobs itself, as its users would: see peer.toml."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))  # what the drivers share

import psycopg
from jobs import app, clocked, noop
from on_postgresql import DSN, Enqueue, drive

from pooljobs.db.schema.migrator import migrate

HERE = Path(__file__).parent
TASKS = {"noop": noop, "clocked": clocked}


class PoolJobs:
    """A job that has ended is in ``history``, with the time of its end."""

    left = "SELECT count(*) FROM pooljobs.live"
    newest_left = "SELECT FROM pooljobs.live ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(finished_at) - min(finished_at)) FROM pooljobs.history"

    async def prepare(self) -> None:
        migrate(DSN)

    async def reset(self) -> None:
        with psycopg.connect(DSN) as connection:
            connection.execute("TRUNCATE pooljobs.live, pooljobs.history")

    async def fill(self, jobs: int) -> None:
        app.use_dsn(DSN)
        with app:
            noop.enqueue_many({"n": n} for n in range(jobs))

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async def enqueue(task: str, payload: dict[str, int]) -> object:
            return TASKS[task].enqueue(**payload)

        app.use_dsn(DSN)
        with app:
            yield enqueue

    async def work(self) -> None:
        options = ["--app", "jobs:app", "--dsn", DSN, "--procs", "2", "--log-level", "error"]
        os.chdir(HERE)
        os.execv(sys.executable, [sys.executable, "-m", "pooljobs", "serve", *options])


if __name__ == "__main__":
    drive(PoolJobs())
