"""pooljobs itself as a peer. With plain and with async handlers only the jobs and the options differ."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from on_postgresql import DSN, Enqueue

from pooljobs import PoolJobs
from pooljobs.db.schema.migrator import migrate


class PoolJobsPeer:
    """A job that has ended is in ``history``, with the time of its end.

    Args:
        app: With the jobs ``noop`` and ``clocked``; the attribute ``app`` of the module ``jobs`` beside the driver.
        options: Of ``pooljobs serve``, beside those that name the application and the database.
    """

    left = "SELECT count(*) FROM pooljobs.live"
    newest_left = "SELECT FROM pooljobs.live ORDER BY id DESC LIMIT 1"
    span = "SELECT extract(epoch FROM max(finished_at) - min(finished_at)) FROM pooljobs.history"

    def __init__(self, app: PoolJobs, *options: str) -> None:
        self._app, self._options = app, options

    async def prepare(self) -> None:
        migrate(DSN)

    async def reset(self) -> None:
        with psycopg.connect(DSN) as connection:
            connection.execute("TRUNCATE pooljobs.live, pooljobs.history")

    async def fill(self, jobs: int) -> None:
        self._app.use_dsn(DSN)
        with self._app as app:
            app.registry["noop"].enqueue_many({"n": n} for n in range(jobs))

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Enqueue]:
        async def enqueue(task: str, payload: dict[str, int]) -> object:
            return self._app.registry[task].enqueue(**payload)

        self._app.use_dsn(DSN)
        with self._app:
            yield enqueue

    async def work(self) -> None:
        options = ["--app", "jobs:app", "--dsn", DSN, "--procs", "2", "--log-level", "error", *self._options]
        os.chdir(sys.path[0])  # where the driver and its jobs are
        os.execv(sys.executable, [sys.executable, "-m", "pooljobs", "serve", *options])
