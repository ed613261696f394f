"""Processes that die: what each death costs, and whom."""

from __future__ import annotations

import os
import re
import signal
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from pooljobs.process.liveness import lives
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

FAST = ("--poll-interval", "0.1")


def pid_that_runs(connection: Connection[Any]) -> int:
    """The worker that put the newest run on record, once that is one that lives."""

    def newest() -> int | None:
        row = connection.execute("SELECT pid FROM public.audit ORDER BY place DESC LIMIT 1").fetchone()
        return None if row is None or gone({row[0]}) else int(row[0])

    found = wait_until(newest, what="a living worker to begin a job")
    assert found is not None
    return found


def runs(connection: Connection[Any]) -> int:
    return len(connection.execute("SELECT 1 FROM public.audit").fetchall())


def more_runs_than(connection: Connection[Any], before: int) -> bool:
    return runs(connection) > before


def children_of(serving: Serving) -> set[int]:
    return {child.pid for child in psutil.Process(serving.process.pid).children()}


def gone(pids: set[int]) -> bool:
    return not any(lives(pid) for pid in pids)


@pytest.mark.hazard("A worker's death costs more than what ran, or takes long to be made good")
def test_a_killed_worker_costs_the_running_job_a_crash_and_its_batch_mates_nothing(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "dies_once")
        enqueue(connection, "audited", 9)
        with Serving(dsn, tmp_path / "log", *FAST) as serving:
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            assert "killed by SIGKILL" in serving.text
        rows = connection.execute("SELECT job_type, attempts, crashes, last_error FROM pooljobs.jobs").fetchall()
        crashed = [row for row in rows if row[0] == "dies_once"]
        assert crashed[0][1:3] == (2, 1)
        assert re.search(
            r"killed by SIGKILL \(worker-1, pid \d+, crash 1 of 3; \d+\.\d s CPU, \d+ MB peak memory"
            r"( in the last \d+\.\d s)?\)$",
            crashed[0][3],
        )
        assert {row[1:] for row in rows if row[0] == "audited"} == {(1, 0, None)}


def test_a_poison_job_fails_for_good_and_the_fleet_lives_on(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "always_dies")
        enqueue(connection, "audited", 5)
        with Serving(dsn, tmp_path / "log", *FAST, "--max-crashes", "2"):
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        assert counts(connection) == {"completed": 5, "failed": 1}
        row = connection.execute("SELECT crashes, attempts FROM pooljobs.jobs WHERE status = 'failed'").fetchone()
        assert row == (2, 2)


def test_a_worker_killed_from_outside_loses_nothing(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 300, '{"secs": 0.01}')
        with Serving(dsn, tmp_path / "log", *FAST, "--procs", "3") as serving:
            for _ in range(5):
                os.kill(pid_that_runs(connection), signal.SIGKILL)
                wait_until(partial(more_runs_than, connection, runs(connection)), what="more runs")
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            assert serving.text.count("killed by SIGKILL") >= 3
        assert counts(connection) == {"completed": 300}


def test_a_killed_steward_comes_back_and_the_workers_go_on(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *FAST) as serving:
        workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}
        (steward,) = children_of(serving) - workers
        os.kill(steward, signal.SIGKILL)
        wait_until(lambda: children_of(serving) - workers - {steward}, what="a new steward")
        enqueue(connection, "dies_once")
        wait_until(lambda: counts(connection) == {"completed": 1}, what="the new steward to release a crashed job")


@pytest.mark.hazard("A slot is used again before its dead worker's jobs were released")
def test_when_the_supervisor_is_killed_nobody_stays_and_nothing_is_held(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 200, '{"secs": 0.05}')
        with Serving(dsn, tmp_path / "log", *FAST, "--procs", "2") as serving:
            pid_that_runs(connection)
            children = children_of(serving)
            serving.process.kill()
            wait_until(lambda: gone(children), what="the orphans to leave")
        held = connection.execute("SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL").fetchone()
        assert held == (0,)
        runs = connection.execute("SELECT count(*), count(DISTINCT job_id) FROM public.audit").fetchone()
        assert runs is not None
        assert runs[0] == runs[1] == counts(connection)["completed"]


def test_a_lost_hosts_jobs_run_elsewhere_and_what_it_settles_later_is_refused(dsn: str, tmp_path: Path) -> None:
    """SIGSTOP stands for the loss: supervisor and children stop, and come back when their jobs are no longer theirs."""
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1, '{"secs": 0.2}')
        with Serving(dsn, tmp_path / "lost", *FAST, "--job-timeout", "2") as lost:
            pid_that_runs(connection)
            family = [lost.process.pid, *children_of(lost)]
            for pid in family:
                os.kill(pid, signal.SIGSTOP)
            with Serving(dsn, tmp_path / "other", *FAST, "--job-timeout", "2") as other:
                wait_until(lambda: counts(connection) == {"completed": 1}, what="the job to run on the other host")
                assert "let its lease run out" in other.text
            for pid in reversed(family):
                os.kill(pid, signal.SIGCONT)
            wait_until(lambda: "was lost to another worker" in lost.text, what="the stale settlement to be refused")
            enqueue(connection, "audited", 1)
            wait_until(lambda: counts(connection) == {"completed": 2}, what="the worker to register anew and go on")
        losses = connection.execute("SELECT max(losses), max(crashes) FROM pooljobs.jobs").fetchone()
        assert losses == (1, 0)


def test_what_a_dead_worker_held_is_taken_up_at_once_by_an_idle_one(dsn: str, tmp_path: Path) -> None:
    """Poll intervals of minutes: only the steward's wake can bring the released jobs to the other worker in time."""
    with audit_of(dsn) as connection:
        enqueue(connection, "dies_once")
        enqueue(connection, "audited", 4)
        with Serving(dsn, tmp_path / "log", "--poll-interval", "600", "--procs", "2"):
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
