"""Hosts and workers that stop for longer than their lease: their jobs run elsewhere, their late results are refused.

A host is one ``serve``; SIGSTOP to all of its processes stands for a machine that hangs, is paused or cut off, SIGCONT
for its coming back with everything it believes. POOLJOBS_TEST_HOSTS=20 loses that many, and holds them to the second.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.process.liveness import lives
from tests.support.figures import told
from tests.support.proof import (
    Host,
    assert_every_claim_ran_once_and_every_job_ended_once,
    begun,
    database_time,
    record_of,
)
from tests.support.serving import enqueue, unfinished
from tests.support.waiting import wait_until

LOSSES = int(os.environ.get("POOLJOBS_TEST_HOSTS", "1"))
LEASE = 2.0
BATCH = 5
PROCS = 2
ALLOWED = LEASE + 2.0 if LOSSES > 1 else LEASE + 20.0
"""Seconds from the stop to the start of its last job elsewhere; generous where other tests run beside this one."""
OPTIONS = (
    "--job-timeout",
    str(LEASE),
    "--poll-interval",
    "0.1",
    "--batch-size",
    str(BATCH),
    "--no-adaptive",
    "--procs",
    str(PROCS),
)

ELSEWHERE = """
SELECT extract(epoch FROM max(r.at) - %(stopped)s)::float8, extract(epoch FROM min(r.at) - %(until)s)::float8, count(*)
FROM public.runs AS r WHERE r.host = 'b' AND r.at > %(stopped)s AND r.fence = 2
"""


def held_by_all(connection: Connection[Any]) -> bool:
    """Whether each of the host's workers has a whole batch."""
    return connection.execute("SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL").fetchone() == (
        PROCS * BATCH,
    )


def lose(connection: Connection[Any], host: Host, other: Host, round_: int) -> float:
    """Stops the host with two batches in hand until they have run elsewhere; seconds until the last of them began."""
    jobs = PROCS * BATCH
    with other.stopped():  # so that it takes none of them yet
        enqueue(connection, "slow_at_first", jobs, '{"secs": 3}')
        begun(connection, round_ * jobs + PROCS)
        assert held_by_all(connection)
    with host.stopped():
        stopped = database_time(connection)
        until = connection.execute(
            "SELECT min(w.leased_until) FROM pooljobs.workers AS w JOIN pooljobs.live AS l ON l.worker_id = w.id"
        ).fetchone()
        assert until is not None
        wait_until(lambda: not unfinished(connection), what="the lost host's jobs to end elsewhere")
        row = connection.execute(ELSEWHERE, {"stopped": stopped, "until": until[0]}).fetchone()
        assert row is not None
        took, before_its_time, ran = row
        assert ran == jobs
        assert before_its_time > 0, "a job was taken while its worker's lease still stood"
        assert took < ALLOWED
    refused = PROCS * (round_ + 1)
    wait_until(lambda: host.text.count("was lost to another worker") >= refused, what="what it settles to be refused")
    return float(took)


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
@pytest.mark.timeout(180 + 20 * LOSSES)
def test_a_lost_hosts_jobs_run_elsewhere_in_time_and_it_works_on_when_it_is_back(dsn: str, tmp_path: Path) -> None:
    with (
        record_of(dsn) as connection,
        Host(dsn, tmp_path, *OPTIONS, name="b") as other,
        Host(dsn, tmp_path, *OPTIONS) as host,
    ):
        took = [lose(connection, host, other, round_) for round_ in range(LOSSES)]
        other.signal(signal.SIGTERM)
        assert other.ended() == 0, other.text
        enqueue(connection, "takes", 20)
        wait_until(lambda: not unfinished(connection), what="the host that is back to run jobs")
        assert "registering anew" in host.text
        host.signal(signal.SIGTERM)
        assert host.ended() == 0, host.text
        jobs = LOSSES * PROCS * BATCH
        assert_every_claim_ran_once_and_every_job_ended_once(connection, jobs + 20)
        lost = "SELECT count(*) FROM pooljobs.history WHERE (losses, crashes, attempts, fence) = (1, 0, 1, 2)"
        assert connection.execute(lost.encode()).fetchone() == (jobs,)
        assert begun_by_first_claims(connection) == LOSSES * PROCS, "a worker began a job that was no longer its own"
    print(told(f"from the stop of a host until the last of its jobs began elsewhere, lease {LEASE} s", took))


@pytest.mark.hazard(
    "The steward renews a worker that is stopped, and its jobs wait for ever",
    closed="it asks the system first (`shared/pooljobs/process/liveness.py`)",
    area="ownership",
)
def test_a_stopped_workers_lease_runs_out_though_its_steward_lives(dsn: str, tmp_path: Path) -> None:
    """A worker inside a handler is renewed, but not one that is stopped: its batch goes to its neighbour."""
    with record_of(dsn) as connection, Host(dsn, tmp_path, *OPTIONS) as host:
        enqueue(connection, "slow_at_first", BATCH, '{"secs": 3}')
        begun(connection)
        (pid,) = connection.execute("SELECT pid FROM public.runs").fetchone() or (0,)
        with host.stopped([pid]):
            wait_until(lambda: not unfinished(connection), what="the stopped worker's jobs to end elsewhere")
        wait_until(lambda: "was lost to another worker" in host.text, what="what it settles to be refused")
        wait_until(lambda: "registering anew" in host.text, what="the worker to go on")
        assert lives(pid)
        assert_every_claim_ran_once_and_every_job_ended_once(connection, BATCH)
        assert connection.execute("SELECT max(crashes), max(attempts) FROM pooljobs.history").fetchone() == (0, 1)


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
def test_what_a_returned_host_still_holds_is_given_back_and_not_begun(dsn: str, tmp_path: Path) -> None:
    """Nobody took its jobs meanwhile, but somebody might have: a worker past its lease begins none of its batch."""
    with record_of(dsn) as connection, Host(dsn, tmp_path, *OPTIONS, "--procs", "1") as host:
        enqueue(connection, "slow_at_first", BATCH, '{"secs": 3}')
        begun(connection)
        with host.stopped():
            expired = "SELECT count(*) FROM pooljobs.workers WHERE leased_until < clock_timestamp()"
            wait_until(lambda: connection.execute(expired.encode()).fetchone() == (1,), what="the lease to run out")
            reap_by_hand(connection)
        wait_until(lambda: "registering anew" in host.text, what="the worker to notice")
        wait_until(lambda: not unfinished(connection), what="the jobs to end under its new name")
        assert_every_claim_ran_once_and_every_job_ended_once(connection, BATCH)
        assert begun_by_first_claims(connection) == 1, "a worker began a job that was no longer its own"


def begun_by_first_claims(connection: Connection[Any]) -> int:
    """Slow jobs that the first to claim them began: what ran when it was stopped, and nothing after that."""
    row = connection.execute(
        "SELECT count(*) FROM public.runs AS r JOIN pooljobs.history AS h ON h.id = r.job_id"
        " WHERE h.job_type = 'slow_at_first' AND r.fence = 1"
    ).fetchone()
    assert row is not None
    return int(row[0])


def reap_by_hand(connection: Connection[Any]) -> None:
    """What another host's steward would do first: it declares the worker dead."""
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() WHERE leased_until < clock_timestamp()")
