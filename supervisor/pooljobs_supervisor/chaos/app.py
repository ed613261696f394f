"""The application that chaos runs: each run of a handler goes on record in a journal."""

from __future__ import annotations

import os
import signal
import time

import psycopg

from pooljobs import JobContext, PoolJobs, State
from pooljobs.db.statements import render
from pooljobs_supervisor.chaos.journal import Journal, open_journal

SCHEMA = "pooljobs_chaos"

DSN_VARIABLE = "POOLJOBS_DSN"
"""Tells the workers their database."""

HANDLERS_DSN = "POOLJOBS_CHAOS_DSN"
"""The way for handlers: one that waited on a silent connection would be within its rights, without a time limit."""

_EFFECT = render("INSERT INTO {schema}.effects (job_id) VALUES (%s)", SCHEMA)

app = PoolJobs(schema=SCHEMA)
app.provide(Journal, open_journal)


@app.job
def quick(ms: float, journal: State[Journal], ctx: JobContext) -> None:
    """Takes a millisecond or none."""
    with journal.run(ctx):
        if ms:
            time.sleep(ms / 1000)


@app.job
def slow(ms: float, journal: State[Journal], ctx: JobContext) -> None:
    """Takes up to two seconds."""
    with journal.run(ctx):
        time.sleep(ms / 1000)


@app.job(max_retries=4, retry_delay_secs=0.2)
def flaky(failures: int, journal: State[Journal], ctx: JobContext) -> None:
    """Fails that many times, then succeeds."""
    with journal.run(ctx):
        if ctx.attempt <= failures:
            raise ConnectionError(f"the service is away (run {ctx.attempt} of this job)")


@app.job(max_retries=2, retry_policy="fixed", retry_delay_secs=0.1)
def hopeless(journal: State[Journal], ctx: JobContext) -> None:
    """Fails every time."""
    with journal.run(ctx):
        raise ValueError("no such customer")


@app.job
def deadly(journal: State[Journal], ctx: JobContext) -> None:
    """Kills its own process on the first run."""
    with journal.run(ctx):
        if ctx.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)


@app.job
def poison(journal: State[Journal], ctx: JobContext) -> None:
    """Ends its process, whenever it runs."""
    with journal.run(ctx):
        os._exit(1)


@app.job(max_retries=50, retry_policy="fixed", retry_delay_secs=0.5)
def exact(journal: State[Journal], ctx: JobContext) -> None:
    """Leaves an effect in the transaction that completes it. Fails while the database is away."""
    with (
        journal.run(ctx),
        psycopg.connect(os.environ[HANDLERS_DSN], connect_timeout=5, application_name=_name()) as connection,
    ):
        connection.execute(_EFFECT, (ctx.id,))
        ctx.complete_with(connection)


def _name() -> str:
    return f"pooljobs chaos handler (pid {os.getpid()})"
