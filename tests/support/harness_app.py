"""An application whose jobs tests of the harness run; and the fixtures for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs import (
    Cancellation,
    Discard,
    JobContext,
    PoolJobs,
    Snooze,
    State,
    TimeLimit,
    injected,
)
from pooljobs.testing import JobHarness


class Opened:
    """Made for handlers."""

    closed = False


def opened() -> Iterator[Opened]:
    value = Opened()
    yield value
    value.closed = True


app = PoolJobs("host=/the/database/of/development")
app.provide(Opened, opened)
seen: list[Any] = []


@app.job
def greet(name: str, times: int = 1) -> None:
    seen.append(name)


@app.job(queue="emails")
async def mail(to: str) -> None:
    await asyncio.sleep(0)
    seen.append((to, asyncio.get_running_loop(), threading.current_thread()))


@app.job(max_attempts=2, retry_policy="fixed", retry_delay_secs=3600)
def fails(text: str = "no") -> None:
    raise ValueError(text)


@app.job(max_attempts=3, retry_policy="fixed", retry_delay_secs=0)
def fails_at_once() -> None:
    raise ValueError("no")


@app.job
def chain(left: int) -> None:
    if left:
        chain.enqueue(left=left - 1)


@app.job
def endless() -> None:
    endless.enqueue()


@app.job
def decides(how: str) -> None:
    raise {"snooze": Snooze(60), "discard": Discard("so")}[how]


@app.job(time_limit=TimeLimit(soft=0.05, hard=60), max_attempts=1)
def sleeps() -> None:
    time.sleep(60)


@app.job
def cancels(job: str) -> str:
    return app.cancel(job)


@app.job(max_attempts=3, retry_policy="fixed", retry_delay_secs=0)
def cancels_itself(ctx: JobContext) -> None:
    assert app.cancel(ctx.id, reason="enough") is Cancellation.REQUESTED
    raise ValueError("and fails")


@app.job
def completes(ctx: JobContext, dsn: str, commit: bool = True) -> None:
    with psycopg.connect(dsn) as connection:
        ctx.complete_with(connection)
        if not commit:
            connection.rollback()


@app.job
def uses(opened: State[Opened] = injected()) -> None:
    seen.append(opened)


@app.job
def takes(data: Any) -> None:
    seen.append(data)


@app.job
def labelled(ctx: JobContext) -> None:
    ctx.progress(1, 2, "nobody looks")
    seen.append((ctx.tags, ctx.meta))


@pytest.fixture
def pooljobs_app() -> PoolJobs:
    seen.clear()
    return app


@pytest.fixture
def look(jobs: JobHarness) -> Iterator[Connection[Any]]:
    """A connection of the test's."""
    with psycopg.connect(jobs.dsn, autocommit=True) as connection:
        yield connection
