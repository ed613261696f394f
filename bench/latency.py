"""Measures how soon an idle fleet starts a job: from the call of enqueue to the handler's first line.

One job at a time, at random moments, with the workers asleep in between. The yardstick is measured in turn, in the same
run: a bare INSERT of the same row on one connection, and its SELECT on another.
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from bench.clocked import PLACE, app, clocked
from bench.places import ROOT, database

INSERT = "INSERT INTO pooljobs.live (job_type, queue, payload) VALUES ('bare', 'nobody', '{\"n\": 1}') RETURNING id"
SELECT = "SELECT payload FROM pooljobs.live WHERE id = %s"


@contextmanager
def serving(dsn: str, procs: int, options: list[str]) -> Iterator[socket.socket]:
    """A fleet whose jobs report to the socket, from its first job on."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        place = str(Path(folder, "socket"))
        receiver.bind(place)
        receiver.settimeout(60.0)
        command = [sys.executable, "-m", "pooljobs", "serve", "--app", "bench.clocked:app", "--dsn", dsn]
        command += ["--procs", str(procs), "--log-level", "warning", *options]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, PLACE: place})
        try:
            yield receiver
        finally:
            process.terminate()
            process.wait(60)


def one_job(receiver: socket.socket, n: int) -> float:
    """Milliseconds from the call to the handler's first line."""
    began = time.monotonic_ns()
    clocked.enqueue(n=n)
    told, entered = map(int, receiver.recv(100).split())
    assert told == n, f"job {told} ran instead of job {n}"
    return (entered - began) / 1e6


def one_row(writer: psycopg.Connection[tuple[object, ...]], reader: psycopg.Connection[tuple[object, ...]]) -> float:
    """Milliseconds for the yardstick."""
    began = time.monotonic_ns()
    row = writer.execute(INSERT).fetchone()
    assert row is not None
    assert reader.execute(SELECT, row).fetchone()
    return (time.monotonic_ns() - began) / 1e6


def measure(dsn: str, jobs: int, procs: int, options: list[str], pause: float) -> tuple[list[float], list[float]]:
    """The latencies of the jobs, and the yardstick's."""
    app.use_dsn(dsn)
    with (
        app,
        psycopg.connect(dsn, autocommit=True) as writer,
        psycopg.connect(dsn, autocommit=True) as reader,
        serving(dsn, procs, options) as receiver,
    ):
        for n in range(10 * procs):  # until every worker has run one, and statements are prepared
            one_job(receiver, n)
        latencies, bare = [], []
        for n in range(jobs):
            time.sleep(pause * (0.5 + random.random()))
            latencies.append(one_job(receiver, n))
            time.sleep(pause / 4)
            bare.append(one_row(writer, reader))
    return latencies, bare


def main(
    *,
    jobs: Annotated[int, typer.Option(help="Jobs, one at a time.")] = 300,
    procs: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    pause: Annotated[float, typer.Option(help="Seconds between two jobs, half of them random.")] = 0.1,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="A further option of serve.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure from the call of enqueue to the handler's first line, in an idle fleet."""
    with database(dsn) as found:
        with psycopg.connect(found, autocommit=True) as connection:
            connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        latencies, bare = measure(found, jobs, procs, ["--poll-interval", "60", *(option or [])], pause)
    report(latencies, bare, as_json=as_json)


def report(latencies: list[float], bare: list[float], *, as_json: bool) -> None:
    """Prints percentiles, and the ratio of the medians."""
    rows = {"enqueue to start": latencies, "bare INSERT and SELECT": bare}
    figures = {name: {mark: percentile(values, mark) for mark in (50, 95, 99, 100)} for name, values in rows.items()}
    ratio = statistics.median(latencies) / statistics.median(bare)
    if as_json:
        print(json.dumps({"milliseconds": figures, "ratio_of_medians": ratio}, indent=2))
        return
    print(f"{len(latencies)} jobs, one at a time; milliseconds")
    for name, marks in figures.items():
        print(f"{name:24}" + "".join(f"  p{mark} {value:7.2f}" for mark, value in marks.items()))
    print(f"ratio of the medians: {ratio:.1f}")


def percentile(values: list[float], mark: int) -> float:
    """The value below which ``mark`` percent lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * mark // 100)]


if __name__ == "__main__":
    typer.run(main)
