"""What a dead worker's slot says is carried out: the crash is charged, and its type is under suspicion first."""

from __future__ import annotations

import logging
import signal
import time
from contextlib import closing
from typing import Any

import pytest
from psycopg import Connection

from pooljobs import PoolJobs
from pooljobs.logs.job_log import FIELDS
from pooljobs.scoreboard import Scoreboard, SlotState
from pooljobs.settings import WorkerSettings
from pooljobs_steward.recovery.dead_workers import DeadWorkers
from tests.support.claims import SQL, claim, insert, register, scalar
from tests.support.worker_parts import worker_parts

Conn = Connection[Any]
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


def crash_of_one(connection: Conn, job_type: str) -> bool:
    """A worker dies in a job of this type and is released; whether the type is under suspicion now."""
    worker = register(connection)
    insert(connection, job_type=job_type)
    claimed = claim(connection, worker)
    assert claimed
    (job,) = claimed
    with closing(Scoreboard.create(1, 1)) as board:
        slot = board.slot(0)
        slot.worker_id, slot.exit_status, slot.state = worker, -signal.SIGKILL, SlotState.DEAD
        slot.hold(0, job.id.bytes, job.fence, job.token)
        slot.start(0, time.monotonic_ns())
        assert DeadWorkers(SQL, WorkerSettings(), board=board, log=logging.getLogger("test")).release(connection, slot)
        assert board.returned_ns > 0
        return bool(board.suspect_types.since(job_type, time.monotonic_ns()))


def test_the_type_of_a_job_that_crashed_is_under_suspicion(connection: Conn) -> None:
    assert crash_of_one(connection, "unheard-of")
    assert scalar(connection, "SELECT crashes FROM pooljobs.live") == 1


@pytest.mark.parametrize(("declared", "seconds"), [(0, 0.25), (0.75, 0.75), (2, 2.0)])
def test_declared_delays_of_whole_numbers_beside_fractions_are_kept_and_none_is_none(
    dsn: str, connection: Conn, declared: float, seconds: float
) -> None:
    """After a crash a job waits for as long as its type says, and at least a quarter of a second."""
    app = PoolJobs()
    app.job(name="whole", retry_policy="fixed", retry_delay_secs=3)(lambda: None)
    app.job(name="fraction", retry_policy="fixed", retry_delay_secs=0.5)(lambda: None)
    app.job(name="asked", retry_policy="fixed", retry_delay_secs=declared)(lambda: None)
    with worker_parts(dsn) as parts:
        parts.registration.declare(app)
        parts.registration.register()
    before = float(str(scalar(connection, NOW)))
    crash_of_one(connection, "asked")
    due = float(str(scalar(connection, "SELECT extract(epoch FROM run_at)::float8 FROM pooljobs.live")))
    after = float(str(scalar(connection, NOW)))
    assert before <= due - seconds <= after


def test_a_job_that_crashed_once_too_often_is_an_error_in_the_log(
    connection: Conn, caplog: pytest.LogCaptureFixture
) -> None:
    most = WorkerSettings().max_crashes
    crash_of_one(connection, "innocent")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    connection.execute("UPDATE pooljobs.live SET run_at = now() + interval '1 day'")
    worker = register(connection)
    insert(connection, job_type="guilty", crashes=most - 1, attempts=4, max_retries=9, trace_id="t-1")
    (job,) = claim(connection, worker) or []
    with closing(Scoreboard.create(1, 1)) as board:
        slot = board.slot(0)
        slot.worker_id, slot.exit_status, slot.state = worker, -signal.SIGSEGV, SlotState.DEAD
        slot.hold(0, job.id.bytes, job.fence, job.token)
        slot.start(0, time.monotonic_ns())
        DeadWorkers(SQL, WorkerSettings(), board=board, log=logging.getLogger("test")).release(connection, slot)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    told = vars(record)
    assert (told["event"], told["job_id"], told["job_type"]) == ("job_failed", str(job.id), "guilty")
    assert (told["attempt"], told["max_retries"], told["queue"], told["trace_id"]) == (5, 9, "default", "t-1")
    assert told["duration_ms"] > 0
    assert set(FIELDS) - told.keys() == {"exception", "stack"}
    assert "killed by SIGSEGV" in record.getMessage()


@pytest.mark.parametrize("which", ["failed", "none"])
def test_a_job_that_too_many_hosts_were_lost_with_is_an_error_in_the_log(
    connection: Conn, caplog: pytest.LogCaptureFixture, which: str
) -> None:
    settings = WorkerSettings(log_jobs=which)
    worker = register(connection)
    insert(connection, 2, job_type="guilty", losses=settings.max_losses - 1)
    insert(connection, job_type="innocent")
    claim(connection, worker)
    connection.execute("UPDATE pooljobs.live SET start_recorded = true")
    connection.execute(SQL.load("retire_workers"), {"worker_ids": [worker]})
    with closing(Scoreboard.create(1, 1)) as board:
        DeadWorkers(SQL, settings, board=board, log=logging.getLogger("test")).release_all(connection, None, lost=True)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    failed = connection.execute("SELECT id::text FROM pooljobs.history WHERE status = 'failed' ORDER BY id").fetchall()
    assert len(failed) == 2
    told = sorted(vars(record)["job_id"] for record in errors)
    assert told == ([row[0] for row in failed] if which == "failed" else [])
    assert all("loss 9 of 9" in record.getMessage() for record in errors)
