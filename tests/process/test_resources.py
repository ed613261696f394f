"""Hooks and state of every kind in a real fleet: one job at a time and several, and the import before the fork."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.serving import Serving, counts, enqueue, unfinished
from tests.support.waiting import wait_until

TABLE = "CREATE TABLE public.happened (what text, job uuid, pid int, loop bigint)"
"""As ``tests.support.resources_app`` writes it."""


@pytest.mark.skipif(sys.platform != "linux", reason="--preload is for Linux")
@pytest.mark.parametrize("concurrency", [pytest.param("1", marks=pytest.mark.long), "8"])
def test_runs_have_what_they_ask_for_and_all_is_closed_at_the_drain(dsn: str, tmp_path: Path, concurrency: str) -> None:
    options = ("--procs", "1", "--poll-interval", "0.1", "--preload", "--concurrency", concurrency)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(TABLE.encode())
        with Serving(dsn, tmp_path / "log", *options, app="tests.support.resources_app:app") as fleet:
            for job_type in ("awaits", "plain"):
                enqueue(connection, job_type, 20)
                enqueue(connection, job_type, 5, '{"fails": true}')
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            fleet.signal(signal.SIGTERM)
            assert fleet.ended() == 0, fleet.text[-4000:]
        rows: list[Any] = connection.execute("SELECT what, pid, loop FROM public.happened").fetchall()
        kept = connection.execute(
            "SELECT count(*) FROM public.happened JOIN pooljobs.history ON job = id WHERE status <> 'completed'"
        ).fetchone()
        assert counts(connection) == {"completed": 40, "failed": 10}
    assert kept == (0,), "what a failed run wrote was rolled back"
    told = [what for what, *_ in rows]
    assert (told.count("async"), told.count("plain")) == (20, 20)
    assert (told[0], told[-2], told[-1]) == ("worker started", "pool closed", "worker stopped")
    assert told.count("pool opened") == 1, "for all runs of the worker"
    assert len({pid for _, pid, _ in rows}) == 1, "made in the worker, and not before the fork"
    assert len({loop for what, _, loop in rows if what in ("async", "pool opened", "pool closed")}) == 1
