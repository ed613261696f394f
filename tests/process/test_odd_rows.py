"""A whole fleet, and the commands, beside rows in which each column of each table has each extreme of its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.command import pooljobs
from tests.support.odd_rows import BEFORE, columns, plant
from tests.support.serving import Serving, audit_of, enqueue
from tests.support.waiting import wait_until

NEVER = ("--poll-interval", "600", "--procs", "2")
"""Nobody polls while a test lasts."""

HANDLED = ("quiet", "always_fails", "fails_twice", "completes_itself")
"""Types of the odd jobs that the fleet knows."""


@pytest.mark.hazard("One row that a statement cannot compute")
def test_a_fleet_runs_harmless_jobs_and_is_woken_for_them_and_every_command_answers(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        for table in BEFORE:
            for column, kind in columns(connection, table):
                for job_type in HANDLED if table == "live" else ():
                    list(plant(connection, table, column, kind, job_type=job_type))
                list(plant(connection, table, column, kind))
        with Serving(dsn, tmp_path / "log", *NEVER) as serving:
            for _ in range(3):
                enqueue(connection, "audited")
                wait_until(lambda: not waiting(connection), what="the harmless job to complete")
            assert completed(connection) == 3
            for command in (("stats",), ("jobs", "list", "--limit", "1000"), ("jobs", "show", last(connection))):
                for form in ((), ("--json",)):
                    ended = pooljobs(*command, *form, dsn=dsn)
                    told = [
                        line for line in ended.err.splitlines() if not line.startswith("no worker serves the queue")
                    ]
                    assert (ended.code, told) == (0, []), command
        assert "broke" not in serving.text
        assert "the database is away" not in serving.text


@pytest.mark.hazard(
    "A time that PostgreSQL holds and Python does not: infinity, years beyond 9999 or before 1",
    closed="in a listing it is text (`shared/pooljobs/db/times.py`); all else compares and subtracts in the server",
    area="rows",
)
def test_what_is_never_due_waits_and_can_be_cancelled(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER) as serving:
        row = connection.execute("SELECT pooljobs.enqueue('audited', run_at => 'infinity')").fetchone()
        assert row is not None
        enqueue(connection, "audited")
        wait_until(lambda: completed(connection) == 1, what="the other job to complete")
        assert "due never" in pooljobs("jobs", "list", dsn=dsn).out
        shown = pooljobs("jobs", "show", str(row[0]), "--json", dsn=dsn).json
        assert (shown["status"], shown["run_at"]) == ("pending", "infinity")
        assert pooljobs("jobs", "cancel", str(row[0]), dsn=dsn).code == 0
        assert "broke" not in serving.text


def completed(connection: Connection[Any]) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pooljobs.history WHERE job_type = 'audited' AND status = 'completed'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def waiting(connection: Connection[Any]) -> bool:
    return connection.execute("SELECT FROM pooljobs.live WHERE job_type = 'audited'").fetchone() is not None


def last(connection: Connection[Any]) -> str:
    row = connection.execute("SELECT id FROM pooljobs.history WHERE job_type = 'audited' LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])
