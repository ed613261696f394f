"""A handler that holds the interpreter's lock in C code: no thread of its worker can renew the lease; others must."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, begun, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.waiting import wait_until

LEASE = 1.5
HELD = 4
"""Seconds, well past the lease."""
OPTIONS = ("--job-timeout", str(LEASE), "--poll-interval", "0.1")

HOLDER = (
    "SELECT host, fence FROM public.runs WHERE job_id IN (SELECT id FROM pooljobs.jobs WHERE job_type LIKE 'holds%')"
)
"""Its neighbours may run anywhere: what waits behind it is given back as soon as the lock is free."""


def held(connection: Connection[Any]) -> int:
    """Jobs that a worker has claimed."""
    row = connection.execute("SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL").fetchone()
    assert row is not None
    return int(row[0])


def ends(connection: Connection[Any]) -> None:
    wait_until(lambda: not unfinished(connection), what="the jobs to end")


@pytest.mark.hazard(
    "A handler holds the interpreter's lock, so that its worker cannot renew",
    closed="the steward renews (`supervisor/pooljobs_steward/leases.py`)",
    area="ownership",
)
def test_the_steward_renews_the_lease_of_a_worker_that_cannot(dsn: str, tmp_path: Path) -> None:
    """A second host would take the jobs if it did not."""
    with record_of(dsn) as connection, Host(dsn, tmp_path, *OPTIONS) as host:
        with connection.transaction():  # claimed as one batch: an idle worker is there for the first one at once
            enqueue(connection, "holds_the_interpreter", payload=f'{{"secs": {HELD}}}')
            enqueue(connection, "takes", 3)
        wait_until(lambda: held(connection) == 4, what="all four to be claimed")
        with Host(dsn, tmp_path, *OPTIONS, name="b"):
            ends(connection)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 4)
        assert connection.execute("SELECT max(losses) FROM pooljobs.history").fetchone() == (0,)
        assert connection.execute(HOLDER.encode()).fetchall() == [("a", 1)]
        assert "lost to another worker" not in host.text


@pytest.mark.hazard("A handler holds the interpreter's lock, so that its worker cannot renew")
def test_without_a_steward_the_job_runs_again_and_only_one_result_counts(dsn: str, tmp_path: Path) -> None:
    """What is lost where the steward cannot work for longer than a lease: here it is stopped."""
    os.mkfifo(pipe := tmp_path / "pipe")
    with record_of(dsn) as connection, Host(dsn, tmp_path, *OPTIONS) as host:
        enqueue(connection, "holds_the_interpreter_until_told", payload=json.dumps({"path": str(pipe)}))
        begun(connection)
        with host.stopped([host.steward(connection)]), Host(dsn, tmp_path, *OPTIONS, name="b"):
            begun(connection, host="b")
            pipe.write_bytes(b"!")
            wait_until(lambda: "was lost to another worker" in host.text, what="the first result to be refused")
            ends(connection)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 1)
        row = connection.execute("SELECT fence, losses, attempts, crashes FROM pooljobs.history").fetchone()
        assert row == (2, 1, 1, 0)
