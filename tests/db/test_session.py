"""A worker's session through an outage: what it shows on the scoreboard meanwhile, and afterwards."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.scoreboard import Activity
from pooljobs_worker.session.connection import GaveUpError
from tests.support.worker_parts import worker_parts


def test_it_shows_that_it_waits_and_what_it_did_before_afterwards(dsn: str) -> None:
    seen: list[tuple[Activity, int]] = []
    with worker_parts(dsn) as parts:
        slot = parts.child.slot
        slot.activity = Activity.RUNNING
        began = time.monotonic_ns()

        def work(connection: Connection[Any]) -> None:
            seen.append((slot.activity, slot.heartbeat_ns))
            if len(seen) < 3:
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        parts.session.run(work)
        assert [activity for activity, _ in seen] == [Activity.RUNNING, *[Activity.WAITING_FOR_DATABASE] * 2]
        assert began < seen[1][1] < seen[2][1], "a heartbeat a pause"
        assert slot.activity is Activity.RUNNING


def test_a_second_wait_in_one_outage_is_shown_too(dsn: str) -> None:
    with worker_parts(dsn) as parts:
        slot = parts.child.slot
        for _ in range(2):
            shown: list[Activity] = []

            def give_up(shown: list[Activity] = shown) -> bool:
                shown.append(slot.activity)
                return True

            def fail(_connection: Connection[Any]) -> None:
                raise psycopg.OperationalError("away")

            with pytest.raises(GaveUpError):
                parts.session.run(fail, give_up=give_up)
            assert shown == [Activity.WAITING_FOR_DATABASE]
            assert slot.activity is not Activity.WAITING_FOR_DATABASE
