"""A fleet, and the commands, in a database that is set to odd values."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.process.test_steward_services import VACUUMS, make_vacuums_endless
from tests.support.claims import scalar
from tests.support.command import pooljobs
from tests.support.odd_settings import OTHERS, VALUES, odd, set_all, timeouts
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

ASLEEP = "SELECT count(*) FROM pooljobs.idle_hosts WHERE idle_until > clock_timestamp()"
SESSIONS = """
SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^pooljobs (worker|steward|waker|maintenance)'
"""


@pytest.mark.hazard(
    "A database or a role is set to another form of dates, ends statements or idle sessions, or plans otherwise",
    closed="sessions are told what they need where they begin (`shared/pooljobs/db/session_settings.py`)",
    area="rows",
)
def test_a_fleet_works_whatever_the_database_is_set_to(dsn: str, tmp_path: Path) -> None:
    """And keeps its sessions: none of them is ended for being idle, nor told to be away."""
    with audit_of(dsn) as connection:
        set_all(connection, OTHERS | odd(VALUES) | odd(timeouts(connection)))
        with Serving(dsn, tmp_path / "log", "--procs", "2", "--poll-interval", "600") as serving:
            wait_until(lambda: scalar(connection, ASLEEP), what="the host to sleep")
            before = scalar(connection, SESSIONS)
            for _ in range(4):
                time.sleep(0.5)  # idle for longer than a session may be
                enqueue(connection, "quiet", 30)
                enqueue(connection, "always_fails")
                wait_until(lambda: not unfinished(connection), what="the jobs to end")
            assert counts(connection) == {"completed": 120, "failed": 4}
            assert scalar(connection, SESSIONS) == before
            for word in ("away", "refused", "broke", "Traceback", "WARNING"):
                assert word not in serving.text


def test_every_command_answers_whatever_the_database_is_set_to(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        set_all(connection, OTHERS | odd(VALUES) | odd(timeouts(connection)))
        assert pooljobs("migrate", "--schema", "other", dsn=dsn).code == 0
        for schema in ("pooljobs", "other"):
            made = pooljobs(
                "enqueue",
                "greet",
                "--payload",
                '{"n": "z\\u00e4 \\u4e2d"}',
                "--delay",
                "60",
                "--schema",
                schema,
                dsn=dsn,
            )
            assert made.code == 0, made.err
            job = made.out.strip()
            commands = (
                ("jobs", "list"),
                ("jobs", "show", job),
                ("jobs", "cancel", job, "--reason", "z\u00e4"),
                ("jobs", "retry", job),
                ("stats",),
                ("migrate",),
            )
            for command in commands:
                ended = pooljobs(*command, "--schema", schema, dsn=dsn)
                told = [line for line in ended.err.splitlines() if not line.startswith("no worker serves the queue")]
                assert (ended.code, told) == (0, []), command


def test_a_vacuum_takes_longer_than_a_statement_may_elsewhere(dsn: str, tmp_path: Path) -> None:
    long = f"{VACUUMS} AND datname = current_database() AND clock_timestamp() - query_start > interval '4 s'"
    with audit_of(dsn) as connection:
        make_vacuums_endless(connection)
        set_all(connection, {"statement_timeout": "2s", "lock_timeout": "2s"})
        owner = ("--dsn", dsn)  # before 17 nobody else may vacuum
        with Serving(dsn, tmp_path / "log", *owner) as serving:
            wait_until(lambda: scalar(connection, long), what="a vacuum to last")
            assert "refused" not in serving.text
