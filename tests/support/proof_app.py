"""An application that puts on record what a proof needs: which claim of a job ran, on which host and process, and when.

A host is one ``serve``, named by PROOF_HOST. Times are the database's; beside them stands what the process took the
time to be, and where its pooljobs lies. The rows are committed before the handler goes on, on a connection of its own.
It is served by the first pooljobs too, which has no ``injected()``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

import pooljobs
from pooljobs import JobContext, PoolJobs, State

TABLE = """
CREATE TABLE public.runs (
    place bigint GENERATED ALWAYS AS IDENTITY,
    job_id uuid NOT NULL,
    fence bigint NOT NULL,
    attempt integer NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    python_time float8 NOT NULL,
    c_time float8 NOT NULL,
    code text NOT NULL
);
CREATE TABLE public.effects (job_id uuid NOT NULL, fence bigint NOT NULL)
"""
_ROW = """
INSERT INTO public.runs (job_id, fence, attempt, host, pid, python_time, c_time, code)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class Record:
    """Writes the rows."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._libc = ctypes.CDLL(None)

    def begin(self, ctx: JobContext) -> None:
        """Puts this run on record."""
        host = os.environ.get("PROOF_HOST", "")
        clocks = (time.time(), self._libc.time(None))
        values = (ctx.id, ctx.fence, ctx.attempt, host, os.getpid(), *clocks, pooljobs.__path__[0])
        self._connection.execute(_ROW, values)


def open_record() -> Iterator[Record]:
    """On the database that the tests name."""
    with psycopg.connect(os.environ["AUDIT_DSN"], autocommit=True) as connection:
        yield Record(connection)


app = PoolJobs()
app.provide(Record, open_record)


@app.job
def takes(record: State[Record], ctx: JobContext, secs: float = 0.0) -> None:
    """Takes ``secs`` seconds in every run."""
    record.begin(ctx)
    time.sleep(secs)


@app.job
def slow_at_first(record: State[Record], ctx: JobContext, secs: float) -> None:
    """Takes ``secs`` seconds in the run of its first claim, and none in others."""
    record.begin(ctx)
    if ctx.fence == 1:
        time.sleep(secs)


@app.job
def slow_on_host(record: State[Record], ctx: JobContext, host: str, secs: float) -> None:
    """Takes ``secs`` seconds on that host, and none on others."""
    record.begin(ctx)
    if os.environ["PROOF_HOST"] == host:
        time.sleep(secs)


@app.job(max_retries=1)
def pays(record: State[Record], ctx: JobContext, until: str) -> None:
    """Leaves an effect in the transaction that completes it; under a first claim it waits until that file is there."""
    record.begin(ctx)
    with psycopg.connect(os.environ["AUDIT_DSN"]) as connection:
        connection.execute("INSERT INTO public.effects VALUES (%s, %s)", (ctx.id, ctx.fence))
        while ctx.fence == 1 and not Path(until).exists():
            time.sleep(0.02)
        ctx.complete_with(connection)


@app.job
def dies_at_first(record: State[Record], ctx: JobContext) -> None:
    """Kills its own process in the run of its first claim."""
    record.begin(ctx)
    if ctx.fence == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@app.job
def holds_the_interpreter(record: State[Record], ctx: JobContext, secs: int) -> None:
    """Sleeps in C code without letting go of the interpreter's lock: no other thread of the worker runs."""
    record.begin(ctx)
    ctypes.PyDLL(None).sleep(secs)


@app.job
def holds_the_interpreter_until_told(record: State[Record], ctx: JobContext, path: str) -> None:
    """The same, until something is written into the named pipe; a second claim's run goes by."""
    record.begin(ctx)
    if ctx.fence == 1:
        pipe = os.open(path, os.O_RDWR)  # for writing too: then it waits for nobody to open it
        ctypes.PyDLL(None).read(pipe, ctypes.create_string_buffer(1), 1)
        os.close(pipe)


@app.job(max_retries=3, retry_policy="fixed", retry_delay_secs=1.0)
def fails_twice(record: State[Record], ctx: JobContext) -> None:
    """Raises in its first two runs."""
    record.begin(ctx)
    if ctx.attempt < 3:
        raise ValueError(f"run {ctx.attempt}")


@app.job
def enqueues_another(record: State[Record], ctx: JobContext, delay: float) -> None:
    """Enqueues ``takes``, to run ``delay`` seconds later."""
    record.begin(ctx)
    app.enqueue("takes", delay=delay)
