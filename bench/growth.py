"""Measures whether a drain stays level as tables grow: each case in turn with the plain one. See bench/README.md.

``python -m bench.growth [--case NAME]… [--scale 1.0] [--rounds 3] [--json]``
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import psycopg
import typer
from psycopg import Connection
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.drain import database
from bench.serving import serving
from pooljobs.db.migrate import migrate

MEASURED = 60_000
"""Completions that count, the first of a drain."""

_ADD = """INSERT INTO pooljobs.live (job_type, queue, priority, run_at, payload)
SELECT 'noop', 'q' || (n %% %(queues)s), %(priority)s, now() + %(delay)s * interval '1 s', jsonb_build_object('n', n)
FROM generate_series(1, %(jobs)s) AS n"""
_ADD_HISTORY = """INSERT INTO pooljobs.history (id, run_at, created_at, started_at, finished_at, worker_id, fence,
    max_retries, attempts, crashes, losses, priority, status, queue, job_type, payload)
SELECT pooljobs.uuid_v7(), now(), now(), now(), now(), 1, 1, 3, 1, 0, 0, 0, 'completed', 'old', 'noop', '{}'
FROM generate_series(1, %(jobs)s)"""
_RATE = """SELECT count(*) / nullif(extract(epoch FROM max(finished_at) - min(finished_at))::float8, 0)
FROM (SELECT finished_at FROM pooljobs.history WHERE finished_at > %(since)s ORDER BY 1 LIMIT %(jobs)s) AS done"""


@dataclass(frozen=True)
class Case:
    """What is different from the plain drain of ``MEASURED`` jobs; numbers are multiplied by ``--scale``."""

    name: str
    floor: float
    """The ratio to the plain drain that is wanted at least."""
    pending: int = 0
    future: int = 0
    history: int = 0
    queues: int = 1
    old_snapshot: bool = False


CASES = (
    Case("1 million more pending", 0.9, pending=1_000_000),
    Case("1 million due tomorrow at a higher priority", 0.95, future=1_000_000),
    Case("1 million in history", 0.95, history=1_000_000),
    Case("100 queues", 0.8, queues=100),
    Case("an old snapshot held open", 0.7, old_snapshot=True),
)
PLAIN = Case("plain", 1.0)


class Growth:
    """One database, made large in different ways."""

    def __init__(self, dsn: str, procs: int, batch: int, scale: float) -> None:
        self.dsn, self._procs, self._batch, self._scale = dsn, procs, batch, scale
        self._connection: Connection[Any] = psycopg.connect(dsn, autocommit=True)

    def rate(self, case: Case) -> float:
        """Completed jobs a second, over the first ``MEASURED``."""
        since = self._fill(case)
        with ExitStack() as stack:
            if case.old_snapshot:
                stack.enter_context(self._old_snapshot())
            self._drain(case.queues, since)
        row = self._connection.execute(_RATE, {"jobs": MEASURED, "since": since}).fetchone()
        assert row is not None
        assert row[0] is not None, "nothing was completed"
        return float(row[0])

    def _fill(self, case: Case) -> datetime:
        """Everything in place; the database's time then."""

        def scaled(number: int) -> int:
            return int(number * self._scale)

        add = self._connection.execute
        add("TRUNCATE pooljobs.live, pooljobs.history")
        add(_ADD, {"queues": case.queues, "priority": 0, "delay": 0, "jobs": MEASURED + scaled(case.pending)})
        add(_ADD, {"queues": 1, "priority": -4, "delay": 86400, "jobs": scaled(case.future)})
        add(_ADD_HISTORY, {"jobs": scaled(case.history)})
        add("VACUUM (FREEZE, ANALYZE) pooljobs.live, pooljobs.history")
        add("CHECKPOINT")
        (now,) = add("SELECT clock_timestamp()").fetchone() or (None,)
        assert isinstance(now, datetime)
        return now

    @contextmanager
    def _old_snapshot(self) -> Iterator[None]:
        with psycopg.connect(self.dsn) as holder:
            holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            holder.execute("SELECT count(*) FROM pooljobs.workers")
            yield

    def _drain(self, queues: int, since: datetime) -> None:
        names = ",".join(f"q{n}" for n in range(queues))
        sizes = (
            "--procs",
            str(self._procs),
            "--batch-size",
            str(self._batch),
            "--no-adaptive",
            "--poll-interval",
            "0.1",
        )
        with serving(self.dsn, "--queues", names, *sizes):
            while self._completed(since) < MEASURED:
                time.sleep(0.05)

    def _completed(self, since: datetime) -> int:
        query = "SELECT count(*) FROM (SELECT FROM pooljobs.history WHERE finished_at > %s LIMIT %s) AS done"
        row = self._connection.execute(query, (since, MEASURED)).fetchone()
        return int(row[0]) if row else 0


def main(
    *,
    case: Annotated[list[str] | None, typer.Option(help="Cases whose name contains this; default all.")] = None,
    procs: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    batch_size: Annotated[int, typer.Option(help="Most jobs a claim takes.")] = 500,
    scale: Annotated[float, typer.Option(help="10 for ten millions where a case says one.")] = 1.0,
    rounds: Annotated[int, typer.Option(help="Pairs of runs, plain and case in turn.")] = 3,
    dsn: Annotated[str | None, typer.Option(help="A database to use; its jobs are deleted. Default: embedded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Drain as the tables grow, and compare each case with the plain drain beside it."""
    chosen = [one for one in CASES if not case or any(part in one.name for part in case)]
    with database(dsn) as found, Progress(console=Console(stderr=True), transient=True) as progress:
        migrate(found)
        growth = Growth(found, procs, batch_size, scale)
        task = progress.add_task("growing", total=len(chosen) * rounds)
        ratios: dict[str, list[float]] = {one.name: [] for one in chosen}
        for one in chosen:
            for _ in range(rounds):
                plain = growth.rate(PLAIN)
                ratios[one.name].append(growth.rate(one) / plain)
                progress.advance(task)
    report(chosen, ratios, scale, as_json=as_json)


def report(cases: list[Case], ratios: dict[str, list[float]], scale: float, *, as_json: bool) -> None:
    """Prints each case's ratios."""
    if as_json:
        print(json.dumps({"scale": scale, "ratios": ratios}, indent=2))
        return
    table = Table(title=f"Drain as tables grow, against the plain drain beside it (scale {scale:g})")
    for heading in ("case", "median ratio", "pair by pair", "wanted"):
        table.add_column(heading)
    for one in cases:
        values = ratios[one.name]
        told = ", ".join(f"{value:.2f}" for value in values)
        table.add_row(one.name, f"{statistics.median(values):.2f}", told, f"{one.floor:g}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
