"""An application whose every run leaves a row in the table ``audit``: what a test checks instead of believing.

The rows go in by a connection of the handler's own, committed before the handler returns, so that a run is on record
even if its settlement never comes.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs import JobContext, PoolJobs, State

TABLE = """
CREATE TABLE public.audit (
    place bigint GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    pid integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


class Audit:
    """Writes the rows."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def began(self, ctx: JobContext) -> None:
        """Puts this run on record."""
        self._connection.execute(
            "INSERT INTO public.audit (job_id, attempt, pid) VALUES (%s, %s, %s)", (ctx.id, ctx.attempt, os.getpid())
        )


def open_audit() -> Iterator[Audit]:
    """A connection to the database that the tests name."""
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        yield Audit(connection)


app = PoolJobs()
app.provide(Audit, open_audit)


@app.job
def audited(audit: State[Audit], ctx: JobContext, secs: float = 0.0) -> None:
    """Goes on record, then takes ``secs`` seconds."""
    audit.began(ctx)
    if secs:
        time.sleep(secs)


@app.job
def dies_once(audit: State[Audit], ctx: JobContext) -> None:
    """Kills its own process in its first run."""
    audit.began(ctx)
    if ctx.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@app.job
def always_dies(audit: State[Audit], ctx: JobContext) -> None:
    """A poison job."""
    audit.began(ctx)
    os.kill(os.getpid(), signal.SIGKILL)


@app.job(max_retries=3)
def fails_twice(audit: State[Audit], ctx: JobContext) -> None:
    """Raises in its first two runs."""
    audit.began(ctx)
    if ctx.attempt < 3:
        raise ValueError(f"run {ctx.attempt} of {ctx.max_retries} fails\0")


@app.job(retry_policy="none")
def always_fails() -> None:
    """Raises whatever the run."""
    raise SystemExit("not even this ends a worker")


@app.job
async def audited_async(audit: State[Audit], ctx: JobContext) -> None:
    """As ``audited``, on the event loop."""
    audit.began(ctx)


@app.job
def quiet(secs: float = 0.001) -> None:
    """Leaves no row, and so needs no database."""
    time.sleep(secs)


@app.job(max_retries=2)
def completes_itself(ctx: JobContext, then: str = "commit") -> None:
    """Completes its job in a transaction of its own, together with a row of ``audit``; then does as it is told."""
    with psycopg.connect(os.environ["AUDIT_DSN"]) as connection:
        connection.execute(
            "INSERT INTO public.audit (job_id, attempt, pid) VALUES (%s, %s, %s)", (ctx.id, ctx.attempt, os.getpid())
        )
        ctx.complete_with(connection)
        if then == "roll back" and ctx.attempt == 1:
            connection.rollback()
            raise ValueError("rolled back")
    if then == "die":
        os.kill(os.getpid(), signal.SIGKILL)


@app.job
async def completes_itself_async(ctx: JobContext) -> None:
    """As ``completes_itself``, on an asynchronous connection."""
    async with await psycopg.AsyncConnection.connect(os.environ["AUDIT_DSN"]) as connection:
        await connection.execute(
            "INSERT INTO public.audit (job_id, attempt, pid) VALUES (%s, %s, %s)", (ctx.id, ctx.attempt, os.getpid())
        )
        await ctx.complete_with(connection)
