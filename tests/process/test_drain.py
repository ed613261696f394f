"""Signals under load: the claimed batch is finished, nothing is left running, and the exit code is 0."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

ROUNDS = int(os.environ.get("POOLJOBS_TEST_DRAINS", "2"))
"""Drains of each signal. The suite's few stand for the many that a release is tried with."""

LOAD = 20_000


def completed(connection: Connection[Any]) -> int:
    return counts(connection).get("completed", 0)


def completed_beyond(connection: Connection[Any], before: int) -> bool:
    return completed(connection) > before


def assert_clean(connection: Connection[Any]) -> None:
    """Every run on record was settled, once, and no job is held."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL),"
        " (SELECT count(*) FROM public.audit), (SELECT count(DISTINCT job_id) FROM public.audit),"
        " (SELECT count(*) FROM pooljobs.history WHERE status = 'completed'),"
        " (SELECT count(*) FROM pooljobs.live WHERE attempts > 0 OR fence > 0)"
    ).fetchone()
    assert row is not None
    running, runs, jobs_run, done, touched = row
    assert running == 0, "a job was left running"
    assert runs == jobs_run == done, "a job that began was not completed, or ran twice"
    assert touched == 0, "a claimed job was not completed"


@pytest.mark.hazard(
    "A signal under load leaves a claimed job behind",
    closed="a drain finishes its batch and settles it before it leaves (`worker/pooljobs_worker/worker_loop.py`)",
    area="processes",
)
@pytest.mark.timeout(180 + 6 * ROUNDS)
@pytest.mark.parametrize(
    ("number", "options"),
    [(signal.SIGTERM, ()), (signal.SIGINT, ()), (signal.SIGTERM, ("--concurrency", "4"))],
    ids=["SIGTERM", "SIGINT", "SIGTERM with threads"],
)
def test_a_drain_under_load_completes_what_was_claimed(
    dsn: str, tmp_path: Path, number: signal.Signals, options: tuple[str, ...]
) -> None:
    with audit_of(dsn) as connection:
        for _ in range(ROUNDS):
            if counts(connection).get("pending", 0) < LOAD // 2:
                enqueue(connection, "audited", LOAD)
            before = completed(connection)
            more = partial(completed_beyond, connection, before)
            with Serving(dsn, tmp_path / "log", "--procs", "4", "--poll-interval", "0.1", *options) as serving:
                wait_until(more, what="jobs to complete")
                serving.signal(number)
                assert serving.ended() == 0, serving.text
            assert_clean(connection)
        assert counts(connection).get("pending", 0) > 0, "the load ran out: nothing was drained"


def test_a_second_signal_gives_the_unstarted_jobs_back(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 10, '{"secs": 1.0}')
        with Serving(dsn, tmp_path / "log", "--procs", "1", "--batch-size", "10") as serving:
            wait_until(
                lambda: connection.execute("SELECT 1 FROM public.audit").fetchone(), what="the first job to begin"
            )
            serving.signal(signal.SIGTERM)
            wait_until(lambda: "draining" in serving.text, what="the drain to begin")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text
        assert 1 <= completed(connection) < 10
        rows = connection.execute("SELECT DISTINCT attempts, worker_id FROM pooljobs.live").fetchall()
        assert rows == [(0, None)]


@pytest.mark.hazard("The end comes in the wrong order")
def test_a_drain_that_takes_too_long_is_cut_and_the_job_is_back(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1, '{"secs": 600}')
        with Serving(dsn, tmp_path / "log", "--procs", "1", "--shutdown-timeout", "0.5") as serving:
            wait_until(lambda: connection.execute("SELECT 1 FROM public.audit").fetchone(), what="the job to begin")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 12, serving.text
        row = connection.execute("SELECT attempts, crashes, worker_id, last_error FROM pooljobs.live").fetchone()
        assert row is not None
        assert row[:3] == (0, 0, None)
        assert row[3].startswith("this run was cut short, and is not charged")
