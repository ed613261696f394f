"""Rows that no code of ours makes harm themselves and nobody else, whichever column has which extreme of its type."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import cycle
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.errors import RefusedError
from pooljobs.job.verdict import Verdict
from pooljobs.operations.listing import STATUSES
from pooljobs.operations.reader import open_reader
from pooljobs.process.child import Child
from pooljobs.scoreboard import Role, Scoreboard
from pooljobs.settings import ServeSettings, WorkerSettings
from pooljobs_cli.output.console import emit, emit_json
from pooljobs_cli.output.job_json import job_json
from pooljobs_cli.output.job_sheet import job_sheet
from pooljobs_cli.output.job_table import job_table
from pooljobs_cli.output.queue_table import queue_table
from pooljobs_steward.chores import Chores
from pooljobs_steward.wakeups.idle_hosts import IdleHosts
from pooljobs_steward.wakeups.known_jobs import KnownJobs
from pooljobs_steward.wakeups.wake_policy import WakePolicy
from pooljobs_worker.components import Components
from tests.support.claims import SQL, insert, register, scalar
from tests.support.hot_statements import hold, hot_statements
from tests.support.odd_rows import BEFORE, columns, plant
from tests.support.rare_statements import foreign_statements, rare_statements, reader_statements
from tests.support.worker_parts import claimer_of, worker_parts

Conn = Connection[Any]

LOG = logging.getLogger("test")


@pytest.fixture
def pinned(dsn: str) -> Iterator[Conn]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        register(connection)
        yield connection


@pytest.mark.hazard(
    "One row that a statement cannot compute (a fence at the end of its type, a time of infinity) stops every "
    "worker of its queue, a listing, or the steward",
    closed="the statements; `migrations/0105_worker_timeout_in_range.sql`",
    area="rows",
)
@pytest.mark.parametrize("table", BEFORE)
def test_whatever_is_in_a_column_a_harmless_job_runs_and_nothing_raises(
    dsn: str, connection: Conn, pinned: Conn, table: str
) -> None:
    """All columns at once; where something raises, one after the other, to tell which it was."""
    every = columns(connection, table)
    try:
        run_beside(dsn, connection, pinned, table, every)
    except Exception:
        for column in every:
            run_beside(dsn, connection, pinned, table, [column])
        raise


def run_beside(dsn: str, connection: Conn, pinned: Conn, table: str, odd: Sequence[tuple[str, str]]) -> None:
    """Everything, beside rows in which one of these columns has an extreme of its type."""
    for name in BEFORE.keys() - {"workers"}:
        connection.execute(f"DELETE FROM pooljobs.{name}".encode())
    connection.execute("DELETE FROM pooljobs.workers WHERE fleet = 77")
    copies = len(Verdict) if table == "live" else 1
    taken = [(column, value) for column, kind in odd for value in plant(connection, table, column, kind, copies=copies)]
    insert(connection, job_type="harmless", run_at="2026-01-01")
    try:
        run_everything(dsn, connection, pinned)
    except Exception as error:
        error.add_note(f"{table} had rows with one of these: {[(column, str(value)[:40]) for column, value in taken]}")
        raise


def run_everything(dsn: str, connection: Conn, pinned: Conn) -> None:
    """Every statement, every listing, the steward's chores, and a worker's claims and settlements."""
    run_statements(pinned)
    look(dsn)
    with worker_parts(dsn) as components:
        work(components)
    done = "SELECT status FROM pooljobs.history WHERE job_type = 'harmless'"
    assert connection.execute(done.encode()).fetchall() == [("completed",)]
    with closing(Scoreboard.create(2, 10)) as board:
        do_chores(dsn, board, pinned)
    look(dsn)
    retry_all(dsn)


def run_statements(pinned: Conn) -> None:
    with pinned.transaction(force_rollback=True):
        worker = scalar(pinned, "SELECT max(id) FROM pooljobs.workers")
        insert(pinned, 2)
        hold(pinned, worker)
        insert(pinned, 2)
        row = ", ".join(BEFORE["history"])
        values = ", ".join(f"%({name})s" for name in BEFORE["history"])
        pinned.execute(f"INSERT INTO pooljobs.history ({row}) VALUES ({values})".encode(), BEFORE["history"])
        for each in (
            *hot_statements(pinned, worker),
            *rare_statements(pinned, worker),
            *foreign_statements(pinned),
            *reader_statements(pinned),
        ):
            with pinned.transaction(force_rollback=True):
                pinned.execute(SQL.load(each.verb), each.parameters)
        for each_of in ("complete(id, fence, token, 0.1)", "cancel(id, 'why')"):
            pinned.execute(f"SELECT pooljobs.{each_of} FROM pooljobs.live".encode())


def look(dsn: str) -> None:
    with open_reader(dsn, "pooljobs") as reader:
        emit(queue_table(reader.count()[0], 80))
        emit_json(reader.count()[0])
        for asked in (None, *((status,) for status in STATUSES)):
            jobs = reader.list_jobs(statuses=asked, limit=10_000)
            emit(job_table(jobs, 80 if asked else None))
            emit_json([job_json(job) for job in reader.list_jobs(statuses=asked, limit=10_000, whole=True)])
        for job in of_each_kind(reader.list_jobs(limit=10_000)):
            found = reader.find(str(job["id"]))
            emit(job_sheet(found))
            emit_json(job_json(found))


def retry_all(dsn: str) -> None:
    with open_reader(dsn, "pooljobs") as reader:
        for job in reader.list_jobs(statuses=("failed", "cancelled"), limit=10_000):
            with suppress(RefusedError):  # it has values that no pending job may have
                reader.retry(job["id"])


def of_each_kind(jobs: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """One of each that was planted as often as there are verdicts."""
    return jobs[:: len(Verdict)]


def work(components: Components) -> None:
    """Claims until nothing is left, and settles in every way there is."""
    claimer, verdicts = claimer_of(components), cycle(Verdict)
    while jobs := claimer.claim(10):
        claimer.forget_floors()  # the next claim looks through all lanes, as it would a little later
        components.held.take(jobs)
        for job in jobs:
            harmless = job.job_type == "harmless"
            verdict = Verdict.COMPLETED if harmless else next(verdicts)
            delay = 3600.0 if verdict >= Verdict.RETRY else None
            components.settler.add(job.settled(verdict, error="boom", delay=delay, started_ns=1), job.entry)
        components.settler.flush()
    assert len(components.held) == 0


def do_chores(dsn: str, board: Scoreboard, pinned: Conn) -> None:
    settings = ServeSettings(dsn=dsn, app="", worker=WorkerSettings(job_timeout=1.0))
    board.slot(0).role = Role.STEWARD
    Chores(
        settings, Child(board, board.slot(0), lifeline_fd=-1, parent_pid=os.getppid()), acted=threading.Event(), log=LOG
    ).run_due(pinned)
    idle_hosts = IdleHosts(SQL, board.fleet, settings=settings.worker, known_jobs=KnownJobs(SQL, board, board.fleet))
    idle_hosts.fall_asleep(pinned)
    findings = idle_hosts.look(pinned, 1, marking=True)
    idle_hosts.look(pinned, 1, marking=False, since=findings.since)
    policy = WakePolicy(sleep=1.0, poll_interval=1.0)
    policy.found(findings, 0.001, 1.0)
    policy.seconds(1, 1.0)
    idle_hosts.forget(pinned)
