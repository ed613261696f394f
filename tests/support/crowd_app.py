"""An application whose jobs count how many of them run at the same time, and on which threads.

``meets`` waits until as many run together as it is told; what was seen goes into the table ``crowd``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs import PoolJobs, State

TABLE = "CREATE TABLE public.crowd (kind text, running integer, threads integer, loop text)"

app = PoolJobs()


class Crowd:
    """How many run now; methods may be called from any thread."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.running = 0

    def enter(self) -> int:
        with self._lock:
            self.running += 1
            return self.running

    def leave(self, kind: str, most: int, loop: str = "") -> None:
        with self._lock:
            self.running -= 1
            row = (kind, most, threading.active_count(), loop)
            self._connection.execute("INSERT INTO public.crowd VALUES (%s, %s, %s, %s)", row)


def open_crowd() -> Iterator[Crowd]:
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        yield Crowd(connection)


app.provide(Crowd, open_crowd)


@app.job(max_retries=1)
async def meets(crowd: State[Crowd], others: int) -> None:
    """Ends when this many have been running together with it."""
    most = crowd.enter()
    while (most := max(most, crowd.running)) < others:  # noqa: ASYNC110  # an event would have to be the loop's own
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)  # so that those who came last are seen by all
    crowd.leave("task", most, type(asyncio.get_running_loop()).__module__)


@app.job(max_retries=1)
async def passes(crowd: State[Crowd]) -> None:
    """Makes the state, so that what follows can be tasks."""
    crowd.leave("first", crowd.enter())


@app.job(max_retries=1)
async def short(crowd: State[Crowd]) -> None:
    """An async job among plain ones."""
    most = crowd.enter()
    await asyncio.sleep(0.002)
    crowd.leave("task", max(most, crowd.running))


@app.job(max_retries=1)
def plain(crowd: State[Crowd]) -> None:
    """A plain one among async ones."""
    most = crowd.enter()
    time.sleep(0.002)
    crowd.leave("thread", max(most, crowd.running))
