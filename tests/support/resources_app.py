"""An application with everything around its runs at once: hooks, state of the worker and of runs, plain and async.

What happens is written to a table, by connections that are themselves such state: each kind in the loop that it is for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg_pool import AsyncConnectionPool

from pooljobs import JobContext, PoolJobs, State

DSN = os.environ["AUDIT_DSN"]
app = PoolJobs()
current: ContextVar[str] = ContextVar("current")


def say(what: str, job: JobContext | None = None, loop: int = 0) -> None:
    with psycopg.connect(DSN, autocommit=True) as connection:
        values = (what, job and job.id, os.getpid(), loop)
        connection.execute("INSERT INTO public.happened VALUES (%s, %s, %s, %s)", values)


@app.on_worker_start
def started() -> None:
    say("worker started")


@app.on_worker_stop
def stopped() -> None:
    say("worker stopped")


@app.around
def hook(job: JobContext) -> Iterator[None]:
    current.set(str(job.id))
    yield
    assert current.get() == str(job.id), "beside others"


async def open_pool() -> AsyncIterator[AsyncConnectionPool]:
    async with AsyncConnectionPool(DSN, min_size=1, max_size=4) as pool:
        await asyncio.to_thread(say, "pool opened", None, id(asyncio.get_running_loop()))
        yield pool
    say("pool closed", None, id(asyncio.get_running_loop()))


async def async_transaction(pool: State[AsyncConnectionPool], job: JobContext) -> AsyncIterator[AsyncConnection[Any]]:
    async with pool.connection() as connection:
        yield connection
        await job.complete_with(connection)


def transaction(job: JobContext) -> Iterator[Connection[Any]]:
    with psycopg.connect(DSN) as connection:
        yield connection
        job.complete_with(connection)


app.provide(AsyncConnectionPool, open_pool)
app.provide(AsyncConnection, async_transaction, scope="run")
app.provide(Connection, transaction, scope="run")


@app.job(max_attempts=1)
async def awaits(connection: State[AsyncConnection], ctx: JobContext, fails: bool = False) -> None:
    assert current.get() == str(ctx.id)
    values = ("async", ctx.id, os.getpid(), id(asyncio.get_running_loop()))
    await connection.execute("INSERT INTO public.happened VALUES (%s, %s, %s, %s)", values)
    await asyncio.sleep(0.01)
    if fails:
        raise ValueError("on purpose")


@app.job(max_attempts=1)
def plain(connection: State[Connection], ctx: JobContext, fails: bool = False) -> None:
    assert current.get() == str(ctx.id)
    connection.execute("INSERT INTO public.happened VALUES ('plain', %s, %s, 0)", (ctx.id, os.getpid()))
    if fails:
        raise ValueError("on purpose")
