"""Pauses on real fleets: nothing begins any more, what waits in a worker goes back, a resume wakes; what people see."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.claims import scalar
from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

NEVER = ("--poll-interval", "600", "--procs", "2")
"""Nobody polls while a test lasts: a resume that wakes nobody is noticed."""

QUIET = 1.0
"""Seconds in which nothing begins, while jobs wait: then it is paused."""


def began(connection: Connection[Any]) -> int:
    return int(scalar(connection, "SELECT count(*) FROM public.audit"))


def wait_until_quiet(connection: Connection[Any]) -> None:
    """Until nothing has begun for a while, though there is enough to do."""

    def quiet() -> bool:
        enqueue(connection, "audited", 5)
        before = began(connection)
        time.sleep(QUIET)
        return began(connection) == before

    wait_until(quiet, what="the pause to be in force")


def wait_until_done(connection: Connection[Any]) -> None:
    wait_until(lambda: not unfinished(connection), what="all jobs to end")


def test_a_queue_and_a_type_are_paused_seen_and_resumed(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *NEVER):
        enqueue(connection, "audited", 3)
        wait_until_done(connection)
        assert pooljobs("queues", "pause", "default", "--reason", "SMTP is down", "--by", "Ada", dsn=dsn).out.endswith(
            "queue 'default' is paused\n"
        )
        wait_until_quiet(connection)
        assert "paused: queue default" in pooljobs("stats", dsn=dsn).out
        [queue] = pooljobs("stats", "--json", dsn=dsn).json
        assert (queue["paused"]["reason"], queue["paused"]["paused_by"]) == ("SMTP is down", "Ada")
        assert "SMTP is down" in pooljobs("jobs", "list", "--status", "pending", dsn=dsn).out
        [row] = pooljobs("queues", "list", "--json", dsn=dsn).json
        assert (row["name"], row["pause"]["reason"]) == ("default", "SMTP is down")
        assert pooljobs("queues", "resume", "default", "--json", dsn=dsn).json["resumed"] is True
        wait_until_done(connection)
        assert pooljobs("types", "pause", "audited", "--json", dsn=dsn).json["paused"] is True
        wait_until_quiet(connection)
        enqueue(connection, "quiet", 3)
        wait_until(lambda: scalar(connection, "SELECT count(*) FROM pooljobs.history WHERE job_type = 'quiet'") == 3)
        assert "was paused before" in pooljobs("types", "pause", "audited", dsn=dsn).out
        assert "audited" in pooljobs("types", "list", dsn=dsn).out
        connection.execute("SELECT pooljobs.resume_type('audited')")
        wait_until_done(connection)
        assert set(counts(connection)) == {"completed"}


@pytest.mark.parametrize("concurrency", ["1", "2"])
def test_what_was_claimed_and_has_not_begun_goes_back_and_what_runs_goes_on(
    dsn: str, tmp_path: Path, concurrency: str
) -> None:
    """Also in a drain, in which what was claimed is finished otherwise."""
    options = ("--procs", "1", "--batch-size", "10", "--concurrency", concurrency)
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options) as fleet:
        with connection.transaction():  # one claim takes them all
            enqueue(connection, "audited", 8, '{"secs": 4}')
        wait_until(lambda: began(connection) == int(concurrency), what="the first to begin")
        fleet.signal(signal.SIGTERM)
        connection.execute("SELECT pooljobs.pause_queue('default')")
        assert fleet.ended() == 0
        assert counts(connection) == {"completed": int(concurrency), "pending": 8 - int(concurrency)}
        untouched = "SELECT count(*) FROM pooljobs.live WHERE attempts = 0 AND interruptions IS NULL"
        assert scalar(connection, untouched) == 8 - int(concurrency)


@pytest.mark.parametrize("way", ["nobody listens", "the steward is killed", "the steward is stopped"])
def test_pauses_do_not_depend_on_notifications_nor_on_the_steward(dsn: str, tmp_path: Path, way: str) -> None:
    listening = ("--no-listen",) if way == "nobody listens" else ()
    options = ("--procs", "2", "--poll-interval", "0.2", *listening)
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options):
        stewards = [
            int(number)
            for (name,) in connection.execute(
                "SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^pooljobs steward'"
                " AND datname = current_database()"
            )
            for number in re.findall(r"pid (\d+)", name)
        ]
        if way != "nobody listens":
            os.kill(stewards[0], signal.SIGSTOP if "stopped" in way else signal.SIGKILL)
        connection.execute("SELECT pooljobs.pause_type('audited')")
        wait_until_quiet(connection)
        connection.execute("SELECT pooljobs.resume_type('audited')")
        wait_until_done(connection)
