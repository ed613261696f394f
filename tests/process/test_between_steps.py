"""Workers that die between two steps: in the middle of a claim, or with results that are not stored yet."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.claims import scalar
from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, begun, record_of
from tests.support.serving import enqueue, unfinished
from tests.support.waiting import wait_until

OPTIONS = ("--poll-interval", "0.05")
WORKERS_BACKEND = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'pooljobs worker-%%' AND application_name LIKE %s
"""


def backends_of(connection: Connection[Any], pid: int) -> int:
    """Connections that the server still has of a worker."""
    return int(scalar(connection, WORKERS_BACKEND, f"%(pid {pid})"))


@pytest.mark.hazard(
    "A worker is killed while its claim runs in the server: rows become its own after its death, or stay locked",
    closed="the steward ends its backends first, then releases by the database's word, skips what is locked, and "
    "comes again (`supervisor/pooljobs_steward/recovery/dead_workers.py`)",
    area="ownership",
)
@pytest.mark.hazard(
    "A lock on a table (an index is built, somebody's transaction) holds up all that the steward does",
    closed="its statements wait 300 ms for a lock, then make way for its other chores "
    "(`supervisor/pooljobs_steward/chore_schedule.py`)",
    area="chores",
)
def test_a_claim_that_still_runs_in_the_server_takes_nothing_for_its_dead_worker(dsn: str, tmp_path: Path) -> None:
    """Nobody reads that connection any more, but the server would carry the statement out and commit it."""
    with record_of(dsn) as connection, Host(dsn, tmp_path, *OPTIONS, "--job-timeout", "600") as host:
        victim = scalar(connection, "SELECT pid FROM pooljobs.workers")
        with psycopg.connect(dsn) as locker:
            locker.execute("LOCK TABLE pooljobs.live IN ACCESS EXCLUSIVE MODE")
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE %s AND wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            wait_until(lambda: scalar(connection, waiting, f"%(pid {victim})") == 1, what="a claim that waits")
            connection.execute("INSERT INTO pooljobs.cancellations (job_id) VALUES (gen_random_uuid())")
            wait_until(
                lambda: scalar(connection, waiting, "pooljobs steward%"), what="the steward to meet the lock too"
            )
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: f"pid {victim}) ended" in host.text, what="the supervisor to see it")
            wait_until(lambda: not backends_of(connection, victim), what="the claim to be ended in the server")
            locker.execute("SELECT count(pooljobs.enqueue('takes')) FROM generate_series(1, 20)")
        wait_until(lambda: not unfinished(connection), what="the jobs to end")
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 20)
        assert scalar(connection, "SELECT max(fence) FROM pooljobs.history") == 1, "the dead worker's claim took jobs"


@pytest.mark.hazard(
    "A wake is taken by one who is dead or stopped",
    closed="a pipe for each child (`shared/pooljobs/scoreboard/wake.py`)",
    area="waking",
)
def test_idle_workers_are_woken_for_what_a_dead_one_held(dsn: str, tmp_path: Path) -> None:
    """They would look in ten minutes, and the dead one's replacement does not come up."""
    gate = tmp_path / "gate"
    options = ("--procs", "2", "--poll-interval", "600")
    host = Host(dsn, tmp_path, *options, app="tests.support.gated_app:app", env={"GATE": str(gate)})
    with record_of(dsn) as connection:
        enqueue(connection, "slow_at_first", 3, '{"secs": 600}')
        with host:
            begun(connection)
            wait_until(lambda: "2 workers ready" in host.text, what="the worker that idles")
            gate.touch()
            os.kill(scalar(connection, "SELECT pid FROM public.runs"), signal.SIGKILL)
            wait_until(lambda: not unfinished(connection), what="the idle worker to run them")
            gate.unlink()
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 3)


@pytest.mark.hazard(
    "A worker dies after a handler returned and before that is stored: the job runs twice",
    closed="that it ended, and how, is on the scoreboard; the steward settles it "
    "(`supervisor/pooljobs_steward/recovery/crash_outcomes.py`)",
    area="ownership",
)
def test_results_that_were_not_stored_yet_survive_their_worker(dsn: str, tmp_path: Path) -> None:
    """The jobs before the deadly one had ended in the same instant: what they came to is on the scoreboard."""
    with record_of(dsn) as connection:
        with connection.transaction():
            enqueue(connection, "takes", 4)
            enqueue(connection, "fails_twice")
            enqueue(connection, "dies_at_first")
            enqueue(connection, "takes", 4)
        with Host(dsn, tmp_path, *OPTIONS):
            wait_until(lambda: not unfinished(connection), what="the jobs to end")
        assert_every_claim_ran_once_and_every_job_ended_once(connection, 10)
        rows = connection.execute(
            "SELECT job_type, attempts, crashes, fence FROM pooljobs.history ORDER BY id"
        ).fetchall()
        assert rows == [
            *[("takes", 1, 0, 1)] * 4,
            ("fails_twice", 3, 0, 3),
            ("dies_at_first", 2, 1, 2),
            *[("takes", 1, 0, 2)] * 4,
        ]
