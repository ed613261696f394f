"""The demo's application. Each run of a handler leaves a row in the audit table, on a connection of its own worker:
the row appears before the work and is closed after it, so that a run cut short by a crash is seen too.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from pooljobs import JobContext, PoolJobs, State, injected
from pooljobs.db.connect import close_path
from pooljobs.db.statements import render
from pooljobs.logs import process_name

SCHEMA = "pooljobs_demo"

DSN_VARIABLE = "POOLJOBS_DSN"
"""Tells the workers of the demo their database."""

_BEGIN = render(
    "INSERT INTO {schema}.audit (job_id, attempt, pid, process) VALUES (%s, %s, %s, %s) RETURNING run", SCHEMA
)
_END = render("UPDATE {schema}.audit SET ended = clock_timestamp(), outcome = %s WHERE run = %s", SCHEMA)
_RUNS = render("SELECT count(*) FROM {schema}.audit WHERE job_id = %s", SCHEMA)

app = PoolJobs(schema=SCHEMA)


class Audit:
    """Writes the audit of one worker."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    @contextmanager
    def run(self, job: JobContext) -> Iterator[int]:
        """One run of a job; gives the number of its runs that have begun, this one included."""
        parameters = (job.id, job.attempt, os.getpid(), process_name())
        run = self._one(_BEGIN, parameters)
        try:
            yield self._one(_RUNS, (job.id,)) if job.job_type == "deadly" else job.attempt
        except Exception:
            self._connection.execute(_END, ("raised", run))
            raise
        self._connection.execute(_END, ("returned", run))

    def _one(self, statement: bytes, parameters: tuple[Any, ...]) -> int:
        row = self._connection.execute(statement, parameters, prepare=True).fetchone()
        assert row is not None
        return int(row[0])


def open_audit() -> Iterator[Audit]:
    """Made in each worker after the fork, closed when it ends."""
    with psycopg.connect(
        os.environ[DSN_VARIABLE], autocommit=True, application_name="pooljobs demo audit"
    ) as connection:
        close_path(connection)
        connection.execute("SET synchronous_commit = off")  # only the server's own crash could lose a row
        yield Audit(connection)


app.provide(Audit, open_audit)


@app.job
def quick(ms: float, audit: State[Audit] = injected(), ctx: JobContext = injected()) -> None:
    """Takes a millisecond or two."""
    with audit.run(ctx):
        time.sleep(ms / 1000)


@app.job
def slow(ms: float, audit: State[Audit] = injected(), ctx: JobContext = injected()) -> None:
    """Takes a good part of a second."""
    with audit.run(ctx):
        time.sleep(ms / 1000)


@app.job(max_retries=4, retry_delay_secs=0.2)
def flaky(failures: int, audit: State[Audit] = injected(), ctx: JobContext = injected()) -> None:
    """Fails that many times, then succeeds."""
    with audit.run(ctx) as run:
        if run <= failures:
            raise ConnectionError(f"the service is away (run {run} of this job)")


@app.job(max_retries=2, retry_policy="fixed", retry_delay_secs=0.1)
def hopeless(audit: State[Audit] = injected(), ctx: JobContext = injected()) -> None:
    """Fails every time."""
    with audit.run(ctx):
        raise ValueError("no such customer")


@app.job(retry_delay_secs=0.2)
def deadly(audit: State[Audit] = injected(), ctx: JobContext = injected()) -> None:
    """Kills its own process on the first run."""
    with audit.run(ctx) as run:
        if run == 1:
            os.kill(os.getpid(), signal.SIGKILL)
