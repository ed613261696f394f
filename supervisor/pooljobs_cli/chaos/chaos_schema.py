"""Chaos' own view of the database: makes its tables, counts, and takes in what was on record elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import resources
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from pooljobs.db.connect import close_path, connect
from pooljobs.db.statements import render
from pooljobs_cli.chaos.application.handlers import SCHEMA
from pooljobs_cli.chaos.application.journal import JournalRun, own_code
from pooljobs_cli.chaos.pauser import ToldPause
from pooljobs_cli.staging.own_schema import Agree, OwnSchema, Purpose, own_schema

PURPOSE: Final = Purpose(SCHEMA, "chaos", "runs jobs and cuts connections of its own on")

IN_DOUBT_BEFORE_NS: Final = 2_000_000_000
"""A claim of the last seconds before a server crash may be forgotten: its commit does not wait for the disk."""


@contextmanager
def staged(dsn: str, agree: Agree) -> Iterator[OwnSchema]:
    """The schema, with what chaos remembers in it, until the ``with`` ends.

    Raises:
        PoolJobsError: As ``own_schema`` does.
    """
    with own_schema(dsn, PURPOSE, agree) as own:
        own.connection.execute(load("make_stage"))
        yield own


def load(name: str) -> bytes:
    """One of the statements beside this module."""
    return render(resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8"), SCHEMA)


class ChaosSchema:
    """Works on one connection."""

    def __init__(self, dsn: str) -> None:
        self.connection: Connection[Any] = connect(dsn, application_name="pooljobs chaos")
        close_path(self.connection)

    def left(self) -> tuple[int, int]:
        """Jobs not ended, and of these those that are held."""
        row = self.connection.execute(load("chaos_progress")).fetchone()
        assert row is not None
        return row[0], row[1]

    def counts(self) -> DictRow:
        """What there was; see ``chaos_counts.sql``."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(load("chaos_counts")).fetchone()
        assert row is not None
        return row

    def remember(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Store rows in one of the tables of ``make_stage.sql``."""
        with self.connection.cursor().copy(render(f"COPY {{schema}}.{table} FROM STDIN", SCHEMA)) as copy:
            for row in rows:
                copy.write_row(row)
        self.connection.execute(render(f"ANALYZE {{schema}}.{table}", SCHEMA))

    def _zero(self) -> datetime:
        """The database's time at 0 of this machine's monotonic clock: the best of several looks."""
        looks = []
        for _ in range(20):
            before = time.monotonic_ns()
            row = self.connection.execute("SELECT clock_timestamp()").fetchone()
            after = time.monotonic_ns()
            assert row is not None
            looks.append((after - before, row[0] - timedelta(microseconds=(before + after) / 2000)))
        best: datetime = min(looks)[1]
        return best

    def remember_runs(self, runs: Sequence[JournalRun], crashes_ns: Sequence[tuple[int, int]]) -> None:
        """Store the journals' runs, their times as the database's."""
        claimed, zero, ours = claims_ns(runs), self._zero(), own_code()
        rows = (
            (
                run.job_id,
                run.fence,
                run.token,
                run.attempt,
                run.incarnation,
                run.pid,
                _at(zero, run.began_ns),
                None if run.ended_ns is None else _at(zero, run.ended_ns),
                run.outcome,
                in_doubt(claimed[run.token], crashes_ns),
                run.code != ours,
            )
            for run in runs
        )
        self.remember("runs", rows)

    def remember_pauses(self, pauses: Iterable[ToldPause]) -> None:
        """Store what was paused, the times as the database's."""
        zero = self._zero()
        rows = ((each.kind, each.name, _at(zero, each.since_ns), _at(zero, each.until_ns)) for each in pauses)
        self.remember("told_paused", rows)

    def offenders(self, rule: str, **bounds: float) -> list[UUID]:
        """The jobs that break a rule of ``sql/rules``; ``bounds`` has what rules may ask for."""
        with self.connection.cursor() as cursor:
            statement = load(f"rules/{rule}")
            cursor.execute(statement, bounds if b"%(" in statement else None)
            return sorted({row[0] for row in cursor})


def _at(zero: datetime, time_ns: int) -> datetime:
    return zero + timedelta(microseconds=time_ns / 1000)


def claims_ns(runs: Iterable[JournalRun]) -> dict[int, int]:
    """When each claim statement was answered, by its token: shortly before the first run of its batch."""
    first: dict[int, int] = {}
    for run in runs:
        first[run.token] = min(run.began_ns, first.get(run.token, run.began_ns))
    return first


def in_doubt(claimed_ns: int, crashes_ns: Iterable[tuple[int, int]]) -> bool:
    """Whether a crash of the server, from its kill to its return, may have made it forget this claim."""
    return any(began - IN_DOUBT_BEFORE_NS <= claimed_ns <= ended for began, ended in crashes_ns)
