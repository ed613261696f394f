"""An idle fleet hears of new jobs long before its next poll, and polls where it cannot hear."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from psycopg import sql

from tests.support.command import pooljobs
from tests.support.schema_names import WORST
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

NEVER = ("--poll-interval", "600", "--procs", "2")
"""Nobody polls while a test lasts."""


def test_a_job_for_an_idle_fleet_does_not_wait_for_the_poll(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER):
        for count in (1, 1, 5, 1):
            enqueue(connection, "audited", count)
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
            time.sleep(random.uniform(0.0, 0.5))  # some are idle, some fall asleep
        assert counts(connection) == {"completed": 8}


@pytest.mark.hazard(
    "A notification at an enqueue is missed by one who falls asleep just then, or slows every enqueue",
    closed="an enqueue inserts first and reads who sleeps afterwards; the sleeper looks until all that were under way "
    "have ended (`look_for_work.sql`, `supervisor/pooljobs_steward/wakeups/wake_policy.py`)",
    area="waking",
)
def test_jobs_enqueued_at_any_moment_of_falling_asleep_are_heard_of(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER):
        for number in range(150):
            enqueue(connection, "audited")
            if number % 3:
                wait_until(lambda: not unfinished(connection), what="the job to end")
            time.sleep(random.expovariate(20))
        wait_until(lambda: not unfinished(connection), what="all jobs to end")


def test_a_delayed_job_runs_when_it_is_due(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER):
        for delay in ("1 s", "0.3 s"):
            connection.execute("SELECT pooljobs.enqueue('audited', delay => %s::interval)", (delay,))
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        early = "SELECT count(*) FROM pooljobs.jobs WHERE started_at < run_at"
        assert connection.execute(early.encode()).fetchone() == (0,)


def test_a_job_retried_by_hand_is_heard_of(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER, "--unknown-after", "0"):
        connection.execute("SELECT pooljobs.enqueue('no_such_type')")
        wait_until(lambda: counts(connection) == {"failed": 1}, what="it to fail")
        row = connection.execute("SELECT id FROM pooljobs.jobs").fetchone()
        assert row is not None
        assert pooljobs("jobs", "retry", str(row[0]), dsn=dsn).code == 0
        again = "SELECT attempts, fence FROM pooljobs.jobs WHERE status = 'failed'"
        wait_until(lambda: connection.execute(again.encode()).fetchone() == (0, 2), what="it to run again")


@pytest.mark.parametrize("options", [("--no-listen",), ()])
def test_without_listening_or_without_a_steward_workers_poll(
    dsn: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", "--poll-interval", "0.5", *options) as serving:
        if not options:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name ~ '^pooljobs (steward|waker)' AND datname = current_database()"
            )
        enqueue(connection, "audited")
        wait_until(lambda: not unfinished(connection), what="the job to end")
        assert not re.search(r"ERROR|Traceback", serving.text)


def test_a_fleet_in_a_schema_of_an_odd_name_hears_of_jobs(empty_dsn: str, tmp_path: Path) -> None:
    env = {"LC_ALL": "C.UTF-8"}
    assert pooljobs("migrate", "--schema", WORST, dsn=empty_dsn, env=env).code == 0
    options = (*NEVER, "--schema", WORST)
    count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(WORST, "live"))
    with audit_of(empty_dsn) as connection, Serving(empty_dsn, tmp_path / "log", *options, env=env) as serving:
        for _ in range(3):
            enqueued = pooljobs("enqueue", "audited", "--schema", WORST, dsn=empty_dsn, env=env)
            assert enqueued.code == 0, enqueued.err
            wait_until(lambda: connection.execute(count).fetchone() == (0,), what="the job to end")
        assert "completed" in pooljobs("jobs", "list", "--schema", WORST, dsn=empty_dsn, env=env).out
        assert not re.search(r"ERROR|Traceback", serving.text)
