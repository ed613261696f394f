"""Nothing of a hostile schema is called by a fleet, nor by the commands that work in schemas of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.schema.migrator import migrate
from tests.support.command import pooljobs
from tests.support.hostile import make_hostile, watched
from tests.support.serving import Serving, counts
from tests.support.waiting import wait_until

Conn = Connection[Any]


@pytest.fixture
def hostile(empty_dsn: str) -> str:
    """DSN of a database whose search_path begins with the hostile schema."""
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        make_hostile(connection)
    return empty_dsn


@pytest.fixture
def watcher(hostile: str) -> Iterator[Conn]:
    with watched(hostile) as connection:
        yield connection


def test_a_fleet_calls_nothing_of_it(hostile: str, watcher: Conn, tmp_path: Path) -> None:
    """Jobs that complete, are refused, unknown, delayed and released after a crash of their worker."""
    migrate(hostile)

    def plant(job_type: str, payload: str = "{}", jobs: int = 1, delay: str = "0 s") -> None:
        watcher.execute(
            "SELECT pooljobs.enqueue(%s, payload => %s::jsonb, delay => %s::interval) FROM generate_series(1, %s)",
            (job_type, payload, delay, jobs),
        )

    options = ("--procs", "2", "--poll-interval", "0.2", "--unknown-after", "0", "--keep-history", "7")
    serving = Serving(hostile, tmp_path / "log", *options, app="bench.noop:app")
    watcher.execute("TRUNCATE hostile.calls")  # that asked for a role on a connection of its own
    with serving as fleet:
        plant("noop", '{"n": 1, "pad": ""}', 500)
        plant("noop", '{"n": 1, "pad": ""}', 3, delay="1 s")
        plant("noop", '{"n": "no number"}')
        plant("nobody")
        wait_until(lambda: counts(watcher) == {"completed": 503, "failed": 2}, what="the jobs to end")
        (victim,) = watcher.execute("SELECT max(pid) FROM pooljobs.workers WHERE dead_at IS NULL").fetchone() or (0,)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: "killed by SIGKILL" in fleet.text, what="its death to be noticed")
        plant("noop", '{"n": 1, "pad": ""}', 100)
        wait_until(lambda: counts(watcher) == {"completed": 603, "failed": 2}, what="the jobs to end")
        fleet.signal(signal.SIGTERM)
        assert fleet.ended() == 0


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--jobs", "50", "--procs", "2"),
        pytest.param(("bench", "--jobs", "2000", "--procs", "2"), marks=pytest.mark.long),
        pytest.param(("chaos", "--duration", "2", "--procs", "2", "--hosts", "1"), marks=pytest.mark.long),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.usefixtures("watcher")
def test_nor_do_commands_with_a_schema_of_their_own(hostile: str, command: tuple[str, ...]) -> None:
    ended = pooljobs(*command, "--yes", dsn=hostile)
    assert ended.code == 0, ended.err[-2000:]
