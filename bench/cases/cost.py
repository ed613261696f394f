"""What a job costs the server and the worker: statements, write-ahead log, dead rows, processor time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import psycopg
from psycopg import Connection, sql

from bench.drains import Bench, Round
from bench.effort import Effort
from bench.section import Panel, Progress, Section, Table

TEXT: Final = """\
A drain as in the section before, with the server's own counters read around it. A statement is a round trip: each
is prepared and commits by itself. Dead rows are row versions that updates and deletes leave to vacuum; *HOT* is the
share of updates that touched no index. Processor time is of all of the fleet's processes from their start, and of
all backends."""

CALLS: Final = """SELECT CASE
        WHEN query LIKE 'WITH worker AS%' THEN 'claim'
        WHEN query LIKE 'WITH given AS%' THEN 'settle'
        ELSE 'all others' END AS statement,
    sum(calls)::float8, sum(total_exec_time)::float8, sum(wal_bytes)::float8, sum(wal_fpi)::float8
FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY 1 ORDER BY 3 DESC"""
ROWS: Final = """SELECT n_tup_upd::float8, n_tup_hot_upd::float8, n_tup_del::float8
FROM pg_stat_user_tables WHERE relid = 'pooljobs.live'::regclass"""


@dataclass(frozen=True)
class Statement:
    """One of the fleet's, by the job: calls, milliseconds in the executor, bytes of WAL, full pages of them."""

    name: str
    calls: float
    milliseconds: float
    wal_bytes: float
    full_pages: float


@dataclass(frozen=True)
class Cost:
    """Of one drain; ``statements`` is empty where the server does not count them."""

    name: str
    drained: Round
    dead_rows: float
    hot_share: float
    statements: tuple[Statement, ...]


def measure(dsn: str, effort: Effort, progress: Progress) -> Section:
    """A fleet with small and large batches, and the limit."""
    kinds = [("batch 10", 10, "fleet"), ("batch 500", 500, "fleet"), ("adaptive", 500, "adaptive")]
    kinds.append(("limit (pgbench), batch 500", 500, "pgbench"))
    costs = []
    with counting(dsn) as counts:
        for n, (name, batch, how) in enumerate(kinds):
            costs.append(_cost(dsn, name, effort.jobs // (4 if batch == 10 else 1), batch, how, counts=counts))
            progress((n + 1) / len(kinds))
    return section(costs)


@contextmanager
def counting(dsn: str) -> Iterator[bool]:
    """Has new sessions of this database counted by ``pg_stat_statements``; whether the server can."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        loaded = connection.execute("SHOW shared_preload_libraries").fetchone()
        if not (loaded and "pg_stat_statements" in loaded[0]):
            yield False
            return
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET pg_stat_statements.track = 'top'").format(name))
        try:
            yield True
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET pg_stat_statements.track").format(name))


def _cost(dsn: str, name: str, jobs: int, batch: int, how: str, *, counts: bool) -> Cost:
    """One drain between two readings. The fill's session began before the counting, and runs uncounted."""
    bench = Bench(dsn, jobs, 2, batch, 100)
    with bench.connection as connection:
        if counts:
            connection.execute("SET pg_stat_statements.track = 'none'")
            connection.execute("SELECT pg_stat_statements_reset()")
        before = _rows(connection)
        drained = bench.of_pgbench() if how == "pgbench" else bench.of_fleet(adaptive=how == "adaptive")
        updated, hot, deleted = (new - old for new, old in zip(_rows(connection), before, strict=True))
        statements = tuple(_statements(connection, jobs)) if counts else ()
    return Cost(name, drained, (updated + deleted) / jobs, hot / updated if updated else 0.0, statements)


def _rows(connection: Connection[Any]) -> tuple[float, float, float]:
    row = connection.execute(ROWS).fetchone()
    assert row is not None
    return float(row[0]), float(row[1]), float(row[2])


def _statements(connection: Connection[Any], jobs: int) -> Iterator[Statement]:
    for name, calls, spent, wal, pages in connection.execute(CALLS):
        yield Statement(name, calls / jobs, spent / jobs, wal / jobs, pages / jobs)


def section(costs: list[Cost]) -> Section:
    """What was found, as the report shows it."""
    rows = tuple(
        (
            cost.name,
            f"{1000 * sum(one.calls for one in cost.statements):,.1f}" if cost.statements else "-",
            f"{cost.drained.wal_bytes:,.0f}",
            f"{cost.dead_rows:.2f}",
            f"{cost.hot_share:.0%}",
            f"{cost.drained.server_cpu_us:.1f}",
            f"{cost.drained.worker_cpu_us:.1f}",
        )
        for cost in costs
    )
    headings = (
        "",
        "statements a 1000 jobs",
        "WAL B/job",
        "dead rows a job",
        "HOT",
        "server CPU µs/job",
        "worker CPU µs/job",
    )
    details = tuple(_detail(cost, one) for cost in costs for one in cost.statements)
    tables = [Table(headings, rows)]
    if details:
        named = ("", "calls a 1000 jobs", "executor µs/job", "WAL B/job", "full pages a 1000 jobs")
        tables.append(Table(named, details, "By statement, as pg_stat_statements counts them."))
    series = {
        "server": tuple(cost.drained.server_cpu_us for cost in costs),
        "worker (pgbench for the limit)": tuple(cost.drained.worker_cpu_us for cost in costs),
    }
    panel = Panel("processor time a job", "µs", tuple(cost.name for cost in costs), series)
    return Section("cost", "Cost", TEXT, tuple(tables), (panel,), {"costs": [asdict(cost) for cost in costs]})


def _detail(cost: Cost, one: Statement) -> tuple[str, ...]:
    return (
        f"{cost.name}: {one.name}",
        f"{1000 * one.calls:,.1f}",
        f"{1000 * one.milliseconds:.1f}",
        f"{one.wal_bytes:,.0f}",
        f"{1000 * one.full_pages:,.1f}",
    )
