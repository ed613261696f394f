"""Jobs that come while the steward does not hear: its connections cut, its process killed or stopped, a deaf pooler."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from tests.process.test_wakeups_many import ASLEEP, NEVER, until_asleep, until_done
from tests.support.claims import scalar
from tests.support.deaf_proxy import deaf
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name ~ '^pooljobs (steward|waker)' AND datname = current_database()
"""

Harm = Callable[[Serving, Connection[Any]], None]


def steward_of(serving: Serving, connection: Connection[Any]) -> int:
    """The child that is no worker."""
    workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}

    def found() -> set[int]:
        return {child.pid for child in psutil.Process(serving.process.pid).children()} - workers

    wait_until(lambda: len(found()) == 1, what="one steward")
    return found().pop()


def kill_steward(serving: Serving, connection: Connection[Any]) -> None:
    os.kill(steward_of(serving, connection), signal.SIGKILL)


def cut_its_connections(_: Serving, connection: Connection[Any]) -> None:
    assert scalar(connection, CUT) == 2


@pytest.mark.parametrize("harm", [kill_steward, cut_its_connections])
def test_jobs_run_that_come_while_nobody_listens_and_after(dsn: str, tmp_path: Path, harm: Harm) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER) as serving:
        until_asleep(connection)
        harm(serving, connection)
        for _ in range(3):
            enqueue(connection, "audited")
            until_done(connection)


@pytest.mark.hazard(
    "While the steward is away idle workers hear of nothing",
    closed="they look themselves, soon (`worker/pooljobs_worker/poll_pace.py`)",
    area="waking",
)
def test_idle_workers_look_themselves_while_no_steward_lives_for_long(dsn: str, tmp_path: Path) -> None:
    """Each is killed as soon as it is seen; without a look of their own the workers would sleep for ten minutes."""
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER) as serving:
        until_asleep(connection)
        workers = {row[0] for row in connection.execute("SELECT pid FROM pooljobs.workers").fetchall()}
        killed: set[int] = set()

        def done_and_nobody_left() -> bool:
            for child in psutil.Process(serving.process.pid).children():
                if child.pid not in workers:
                    killed.add(child.pid)
                    with contextlib.suppress(psutil.NoSuchProcess):  # dead of itself, or since the last look
                        child.kill()
            return not unfinished(connection)

        for _ in range(10):
            enqueue(connection, "audited")
            wait_until(done_and_nobody_left, what="the job to end")
        assert killed


def test_with_its_steward_stopped_a_worker_polls(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", "--poll-interval", "1") as serving:
        until_asleep(connection)
        steward = steward_of(serving, connection)
        os.kill(steward, signal.SIGSTOP)
        try:
            enqueue(connection, "audited")
            until_done(connection)
        finally:
            os.kill(steward, signal.SIGCONT)


def test_behind_a_pooler_that_drops_notifications_it_says_so_once_and_polls(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, deaf(dsn) as through:
        with Serving(through, tmp_path / "log", *NEVER) as serving:
            enqueue(connection, "audited")
            until_done(connection)
            wait_until(lambda: "notifications do not arrive" in serving.text, what="the steward to notice")
            enqueue(connection, "audited")
            until_done(connection)
            assert scalar(connection, ASLEEP) == 0
        assert serving.text.count("notifications do not arrive") == 1


@pytest.mark.parametrize("options", [(), ("--no-listen",)])
def test_a_retry_and_a_delayed_job_run_when_they_are_due(dsn: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    """Nobody tells of these: the steward looks when they are due."""
    with audit_of(dsn) as connection:
        enqueue(connection, "fails_twice")
        connection.execute("SELECT pooljobs.enqueue('audited', delay => '1.5 s')")
        with Serving(dsn, tmp_path / "log", *NEVER, *options):
            until_done(connection)
        assert counts(connection) == {"completed": 2}
