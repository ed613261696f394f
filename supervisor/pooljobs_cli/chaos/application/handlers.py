"""The handlers that every release has: each run goes on record in a journal."""

from __future__ import annotations

import os
import signal
import time

import psycopg
from psycopg import sql

from pooljobs import JobContext, PoolJobs, State

from .journal import Journal

SCHEMA = "pooljobs_chaos"

HANDLERS_DSN = "POOLJOBS_CHAOS_DSN"
"""The way for handlers: one that waited on a silent connection would be within its rights, without a time limit."""

_EFFECT = sql.SQL("INSERT INTO {}.effects (job_id) VALUES (%s)").format(sql.Identifier(SCHEMA))


def declare(app: PoolJobs) -> None:
    """Declare them."""
    app.job(quick)
    app.job(slow)
    app.job(alone)
    app.job(max_retries=4, retry_delay_secs=0.2)(flaky)
    app.job(max_retries=2, retry_policy="fixed", retry_delay_secs=0.1)(hopeless)
    app.job(deadly)
    app.job(poison)
    app.job(max_retries=50, retry_policy="fixed", retry_delay_secs=0.5)(exact)


def quick(ms: float, journal: State[Journal], ctx: JobContext) -> None:
    """Takes a millisecond or none."""
    with journal.run(ctx):
        if ms:
            time.sleep(ms / 1000)


def slow(ms: float, journal: State[Journal], ctx: JobContext) -> None:
    """Takes up to two seconds."""
    with journal.run(ctx):
        time.sleep(ms / 1000)


def ticking(release: str, journal: State[Journal], ctx: JobContext) -> None:  # noqa: ARG001
    """Enqueued each second by a schedule that each release declares in other words."""
    with journal.run(ctx):
        pass


def alone(ms: float, journal: State[Journal], ctx: JobContext) -> None:
    """As ``slow``; enqueued with a key, so that there is one of each at a time."""
    slow(ms, journal, ctx)


def flaky(failures: int, journal: State[Journal], ctx: JobContext) -> None:
    """Fails that many times, then succeeds."""
    with journal.run(ctx):
        if ctx.attempt <= failures:
            raise ConnectionError(f"the service is away (run {ctx.attempt} of this job)")


def hopeless(journal: State[Journal], ctx: JobContext) -> None:
    """Fails every time."""
    with journal.run(ctx):
        raise ValueError("no such customer")


def deadly(journal: State[Journal], ctx: JobContext) -> None:
    """Kills its own process on the first run."""
    with journal.run(ctx):
        if ctx.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def poison(journal: State[Journal], ctx: JobContext) -> None:
    """Ends its process, whenever it runs."""
    with journal.run(ctx):
        os._exit(1)


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
