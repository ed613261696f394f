"""A whole process tree is killed and started again: what it held does not wait for its leases."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, begun, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.waiting import wait_until

JOBS = 4
OPTIONS = ("--procs", "2", "--batch-size", "2", "--no-adaptive", "--job-timeout", "3600")
"""With leases of an hour nobody would come for these jobs while the test runs."""


@pytest.mark.hazard(
    "A process tree is killed and started again at once, and what it held waits for leases that nobody renews",
    closed="who starts asks the system for the workers that were there before "
    "(`supervisor/pooljobs_steward/recovery/earlier_workers.py`)",
    area="ownership",
)
@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells which boot and which namespace a process is of")
def test_what_a_killed_process_tree_held_runs_as_soon_as_it_is_started_again(dsn: str, tmp_path: Path) -> None:
    with record_of(dsn) as connection:
        enqueue(connection, "slow_on_host", JOBS, '{"host": "a", "secs": 600}')
        with Host(dsn, tmp_path, *OPTIONS) as host:
            begun(connection, 2)
            for pid in host.family():
                os.kill(pid, signal.SIGKILL)
            host.process.wait()
        query = "SELECT id FROM pooljobs.live WHERE worker_id IS NOT NULL"
        held = {row[0] for row in connection.execute(query).fetchall()}
        assert len(held) >= 2, "each worker ran one"
        with Host(dsn, tmp_path, *OPTIONS, name="b") as again:
            wait_until(lambda: not unfinished(connection), what="the jobs to run on what was started again")
            assert "exists no longer: its jobs run elsewhere" in again.text
        ends = connection.execute("SELECT id, losses, crashes FROM pooljobs.history").fetchall()
        assert {row[0]: (row[1], row[2]) for row in ends} == {row[0]: (int(row[0] in held), 0) for row in ends}
        assert_every_claim_ran_once_and_every_job_ended_once(connection, JOBS)
