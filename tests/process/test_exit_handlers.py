"""What an application registered with ``atexit`` runs in its workers, and cannot keep them; nor can its processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.process.liveness import lives
from tests.support.serving import Serving, enqueue, unfinished
from tests.support.waiting import wait_until

FOLDER = "FAREWELL_FOLDER"
OPTIONS = ("--poll-interval", "0.1")
LATE = "atexit handlers of the application are not done"


def serving(dsn: str, folder: Path) -> Serving:
    return Serving(dsn, folder / "log", *OPTIONS, app="tests.support.farewell_app:app", env={FOLDER: str(folder)})


def drained(dsn: str, connection: Connection[Any], folder: Path, job_type: str, payload: str = "{}") -> str:
    """Runs one job, then drains; the log."""
    enqueue(connection, job_type, 1, payload)
    with serving(dsn, folder) as fleet:
        wait_until(lambda: not unfinished(connection), what="the job to end")
        fleet.signal(signal.SIGTERM)
        assert fleet.ended() == 0, fleet.text
        return fleet.text


def told(folder: Path, name: str) -> list[str]:
    path = folder / name
    return path.read_text().split() if path.exists() else []


def test_handlers_run_once_in_the_worker_and_nowhere_else(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    log = drained(dsn, connection, tmp_path, "registers")
    worker = told(tmp_path, "ran in")
    assert told(tmp_path, "of the handler") == worker
    assert told(tmp_path, "of the import") == worker, "the child that tries the import runs none"
    assert LATE not in log


def test_one_that_hangs_is_left_behind_and_the_exit_code_stays(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    log = drained(dsn, connection, tmp_path, "registers", '{"what": "hang"}')
    assert told(tmp_path, "hung")
    assert LATE in log
    assert "all workers are gone" in log
    assert "killing" not in log


@pytest.mark.parametrize("what", ["fail", "leave", "fork"])
def test_one_that_goes_wrong_costs_nothing(dsn: str, connection: Connection[Any], tmp_path: Path, what: str) -> None:
    log = drained(dsn, connection, tmp_path, "registers", f'{{"what": "{what}"}}')
    worker = told(tmp_path, "ran in")
    assert worker[0] in told(tmp_path, "of the handler")
    assert "WARN  supervisor worker 1" not in log, "its exit code is as it would have been"
    assert LATE not in log


def test_processes_that_a_handler_left_end_if_they_are_daemonic_and_keep_nobody_if_not(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    log = drained(dsn, connection, tmp_path, "leaves_children")
    daemonic, other = (int(told(tmp_path, f"pid of daemon {daemon}")[0]) for daemon in (True, False))
    try:
        assert LATE in log
        wait_until(lambda: not lives(daemonic), what="the daemonic child to end")
    finally:
        os.kill(other, signal.SIGKILL)


def test_a_pool_of_processes_ends_with_its_block_and_does_not_drain_the_worker(
    dsn: str, connection: Connection[Any], tmp_path: Path
) -> None:
    """Its end sends SIGTERM to processes that have inherited the worker's handlers."""
    with serving(dsn, tmp_path) as fleet:
        for _ in range(3):
            enqueue(connection, "uses_a_pool")
            wait_until(lambda: not unfinished(connection), what="the job to end")
        assert "ended" not in fleet.text
    assert len(told(tmp_path, "pooled in")) == 3
    assert len(set(told(tmp_path, "pooled in"))) == 1, "one worker did them all"
