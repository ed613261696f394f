"""What a watchdog cuts, and what it leaves alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs_steward.statement_watchdog import StatementWatchdog
from tests.support.waiting import wait_until


@pytest.fixture
def watchdog() -> StatementWatchdog:
    return StatementWatchdog()


def test_only_one_long_wait_counts(watchdog: StatementWatchdog, connection: Connection[Any]) -> None:
    assert not any(watchdog.check(float(now), 5.0) for now in range(10)), "nobody waits"
    for start in (100, 200, 300):
        with watchdog.waiting(connection):
            assert not any(watchdog.check(float(start + step), 5.0) for step in range(5))
    connection.execute("SELECT 1")


def test_time_in_which_nobody_checked_does_not_count(watchdog: StatementWatchdog, connection: Connection[Any]) -> None:
    with watchdog.waiting(connection):
        assert not watchdog.check(0.0, 5.0)
        assert not watchdog.check(3600.0, 5.0)
    connection.execute("SELECT 1")


def test_who_waits_for_too_long_gets_an_error(watchdog: StatementWatchdog, connection: Connection[Any]) -> None:
    cutter = threading.Thread(target=lambda: wait_until(lambda: watchdog.check(time.monotonic(), 0.2), what="the cut"))
    cutter.start()
    with pytest.raises(psycopg.OperationalError), watchdog.waiting(connection):
        connection.execute("SELECT pg_sleep(600)")
    cutter.join()


def test_one_whose_wait_is_over_is_never_cut(watchdog: StatementWatchdog, connection: Connection[Any]) -> None:
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with watchdog.waiting(connection):
        assert not any(watchdog.check(float(now), 5.0) for now in range(5))
    assert not any(watchdog.check(float(now), 5.0) for now in range(5, 20))
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    connection.execute("SELECT 1")


def test_a_statement_is_broken_off(watchdog: StatementWatchdog, connection: Connection[Any]) -> None:
    def asleep() -> bool:
        watchdog.cancel(5.0)
        return not waiting.is_alive()

    failures: list[BaseException] = []

    def sleep() -> None:
        try:
            with watchdog.waiting(connection):
                connection.execute("SELECT pg_sleep(600)")
        except psycopg.errors.QueryCanceled as error:
            failures.append(error)

    waiting = threading.Thread(target=sleep)
    waiting.start()
    wait_until(asleep, what="the statement to end")
    assert len(failures) == 1
    assert not connection.closed
