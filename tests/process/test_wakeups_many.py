"""Who is woken for new jobs, and that each wake is enough: nobody polls here while a test lasts."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.claims import scalar
from tests.support.hearing import listening
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

NEVER = ("--poll-interval", "600")
ASLEEP = "SELECT count(*) FROM pooljobs.idle_hosts WHERE idle_until > clock_timestamp()"
RUNNERS = "SELECT count(DISTINCT pid) FROM public.audit"


def until_asleep(connection: Connection[Any]) -> None:
    wait_until(lambda: scalar(connection, ASLEEP), what="the fleet to fall asleep")


def until_done(connection: Connection[Any]) -> None:
    wait_until(lambda: not unfinished(connection), what="all jobs to end, long before the next poll")


def running(connection: Connection[Any], number: int) -> bool:
    return counts(connection).get("running", 0) == number


def test_one_enqueue_of_many_jobs_wakes_many_workers(dsn: str, tmp_path: Path) -> None:
    """One notification stands for all of them."""
    options = (*NEVER, "--procs", "4", "--batch-size", "1", "--shutdown-timeout", "0")
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options):
        until_asleep(connection)
        enqueue(connection, "audited", 4, '{"secs": 600}')
        wait_until(lambda: scalar(connection, RUNNERS) == 4, what="all four workers to be woken")


def test_threads_that_are_free_are_woken_too(dsn: str, tmp_path: Path) -> None:
    options = (*NEVER, "--concurrency", "4", "--shutdown-timeout", "0")
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options):
        until_asleep(connection)
        for number in range(1, 4):
            enqueue(connection, "quiet", 1, '{"secs": 600}')
            wait_until(partial(running, connection, number), what=f"job {number} to begin")


def test_a_stopped_worker_does_not_swallow_the_wake_of_another(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER, "--procs", "2"):
        until_asleep(connection)
        enqueue(connection, "audited")
        until_done(connection)
        pid = scalar(connection, "SELECT pid FROM public.audit")  # it fell idle last, and is woken first
        os.kill(pid, signal.SIGSTOP)
        try:
            enqueue(connection, "audited", 3)
            until_done(connection)
        finally:
            os.kill(pid, signal.SIGCONT)


def test_nobody_is_told_while_all_workers_are_busy(dsn: str, tmp_path: Path) -> None:
    options = (*NEVER, "--procs", "2", "--batch-size", "1", "--shutdown-timeout", "0")
    with audit_of(dsn) as connection, listening(dsn) as ear, Serving(dsn, tmp_path / "log", *options):
        until_asleep(connection)
        enqueue(connection, "quiet", 2, '{"secs": 600}')
        wait_until(partial(running, connection, 2), what="both workers to be busy")

        def told() -> bool:
            enqueue(connection, "quiet")
            return bool(ear.heard())

        wait_until(lambda: not told(), what="the first that is told in vain to be the last")
        wait_until(lambda: not scalar(connection, ASLEEP), what="the fleet to be awake")
        ear.heard()
        for _ in range(50):
            enqueue(connection, "quiet")
        assert ear.heard() == []


def test_a_fleet_that_leaves_asks_for_nothing_any_more(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        with Serving(dsn, tmp_path / "log", *NEVER):
            until_asleep(connection)
        assert scalar(connection, "SELECT count(*) FROM pooljobs.idle_hosts") == 0
