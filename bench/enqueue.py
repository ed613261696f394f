"""Measures how fast many clients enqueue one job at a time, as a ratio to the same rows by a bare INSERT.

By pgbench, so that the clients cost little. Kinds alternate, round by round, beside a fleet whose workers are all busy:
then nobody is notified. ``notifying`` is the statement that an ungated queue would run, for comparison.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import psycopg
import typer

from bench.places import ROOT, database
from pooljobs.db.statements import Statements
from pooljobs.embedded.programs import find_programs

VALUES = {
    "job_type": "'noop'",
    "payload": "'{\"n\": 1}'",
    "queue": "'default'",
    "priority": "0",
    "max_retries": "3",
    "delay": "0",
    "run_at": "NULL",
    "trace_id": "NULL",
    "early": "true",
    "id": "NULL",
    "tags": "NULL",
    "meta": "NULL",
}
BARE = "INSERT INTO pooljobs.live (job_type, payload) VALUES ('noop', '{\"n\": 1}') RETURNING id"


def kinds() -> dict[str, str]:
    """The statements to compare, by name; the first is the yardstick."""
    statement = re.sub(
        r"%\((\w+)\)s", lambda found: VALUES[found[1]], Statements("pooljobs").load("insert_job").decode()
    )
    return {
        "bare": BARE,
        "statement": statement.replace("\n", " "),
        "function": "SELECT pooljobs.enqueue('noop', '{\"n\": 1}')",
        "notifying": f"WITH stored AS ({BARE}) SELECT id, pg_notify('pooljobs', 'default') FROM stored",
    }


@contextmanager
def busy_fleet(dsn: str, procs: int) -> Iterator[None]:
    """A fleet whose workers all run a handler that does not end by itself."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE pooljobs.live, pooljobs.history")
        connection.execute("SELECT pooljobs.enqueue('sleep') FROM generate_series(1, %s)", (procs,))
        command = [sys.executable, "-m", "pooljobs", "serve", "--app", "bench.noop:app", "--dsn", dsn]
        command += [
            "--procs",
            str(procs),
            "--batch-size",
            "1",
            "--no-adaptive",
            "--shutdown-timeout",
            "0",
            "--log-level",
            "error",
        ]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            while connection.execute("SELECT FROM pooljobs.jobs WHERE status = 'running'").rowcount < procs:
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(60)


def run(dsn: str, statement: str, clients: int, seconds: int) -> float:
    """Transactions a second."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM pooljobs.live WHERE job_type = 'noop'")
        connection.execute("VACUUM pooljobs.live")
        connection.execute("CHECKPOINT")
    pgbench = find_programs(ROOT / ".pooljobs" / "none").bindir / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement + ";\n")
        script.flush()
        command = [str(pgbench), "-n", "-M", "prepared", "-c", str(clients), "-T", str(seconds), "-f", script.name, dsn]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([\d.]+)", text)
    assert found, text
    return float(found[1])


def main(
    *,
    clients: Annotated[int, typer.Option(help="Clients, each with a connection, one job a transaction.")] = 16,
    seconds: Annotated[int, typer.Option(help="Seconds of each run.")] = 3,
    rounds: Annotated[int, typer.Option(help="Runs of each kind, in turn.")] = 3,
    procs: Annotated[int, typer.Option(help="Worker processes, all of them busy.")] = 2,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Enqueue one job at a time from many clients, and compare with a bare INSERT."""
    statements = kinds()
    rates: dict[str, list[float]] = {name: [] for name in statements}
    with database(dsn) as found, busy_fleet(found, procs):
        for _ in range(rounds):
            for name, statement in statements.items():
                rates[name].append(run(found, statement, clients, seconds))
    ratios = {name: [rate / bare for rate, bare in zip(rates[name], rates["bare"], strict=True)] for name in rates}
    if as_json:
        print(json.dumps({"clients": clients, "rates": rates, "ratios": ratios}, indent=2))
        return
    print(f"{clients} clients, one job a transaction, {rounds} runs of {seconds} s each")
    for name, found_rates in rates.items():
        pairs = ", ".join(f"{ratio:.2f}" for ratio in ratios[name])
        print(f"{name:10} {statistics.median(found_rates):8,.0f} /s   ratio to bare, pair by pair: {pairs}")


if __name__ == "__main__":
    typer.run(main)
