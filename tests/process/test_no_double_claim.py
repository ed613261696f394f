"""Eight processes under contention: the audit table shows that no job was claimed or run twice.

The eight belong to two supervisors, as on two hosts; ``make test-long`` shows the same on every PostgreSQL at hand.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.errors import EmbeddedError
from tests.support.database import DatabaseServer
from tests.support.proof import Host, assert_every_claim_ran_once_and_every_job_ended_once, record_of
from tests.support.servers import PROMISED, major_of, server_of
from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

JOBS = 5000
# Small batches and short polls: the most claims, and so the most chances to collide.
OPTIONS = ("--procs", "8", "--batch-size", "5", "--no-adaptive", "--poll-interval", "0.05")

MANY = 10_000


def version(major: int) -> Any:
    """One of the promised ones; each run of the matrix is on a server of one anyhow."""
    return pytest.param(major, marks=pytest.mark.long, id=f"PostgreSQL {major}")


@pytest.fixture(params=[pytest.param(0, id="the run's server"), *map(version, PROMISED)])
def any_dsn(request: pytest.FixtureRequest, server: DatabaseServer) -> Iterator[str]:
    """DSN of a migrated database on a server of that version; skipped where there is none."""
    if not request.param:
        with server.migrated() as dsn:
            yield dsn
        return
    if request.param == major_of(server):
        pytest.skip("it is the run's server")
    try:
        with server_of(request.param) as other, other.migrated() as dsn:
            yield dsn
    except EmbeddedError as absent:
        pytest.skip(str(absent))


@pytest.mark.hazard(
    "Two workers take the same job",
    closed="`FOR UPDATE SKIP LOCKED` in `claim.sql`",
    area="claims",
)
def test_two_hosts_of_four_workers_claim_each_of_many_jobs_once(any_dsn: str, tmp_path: Path) -> None:
    options = ("--procs", "4", "--batch-size", "5", "--no-adaptive", "--poll-interval", "0.05")
    with record_of(any_dsn) as connection:
        with (
            Host(any_dsn, tmp_path, *options) as host,
            Host(any_dsn, tmp_path, *options, name="b") as other,
        ):
            enqueue(connection, "takes", MANY)  # now that all eight are there
            wait_until(lambda: not unfinished(connection), timeout=150, what=f"{MANY} jobs to end")
            for each in (host, other):
                each.signal(signal.SIGTERM)
                assert each.ended() == 0, each.text
        assert_every_claim_ran_once_and_every_job_ended_once(connection, MANY)
        once = "SELECT count(*) FROM pooljobs.history WHERE (fence, attempts, losses, crashes) = (1, 1, 0, 0)"
        assert connection.execute(once.encode()).fetchone() == (MANY,)
        least = connection.execute(
            "SELECT min(runs), count(*) FROM (SELECT count(*) AS runs FROM public.runs GROUP BY host, pid) AS p"
        ).fetchone()
        assert least is not None
        assert least[0] > MANY / 400, "a process took hardly part: nothing was contended"
        assert least[1] == 8, "not every process took part"


def run_all(dsn: str, tmp_path: Path, connection: Connection[Any], module: Sequence[str]) -> None:
    with Serving(dsn, tmp_path / "log", *OPTIONS, module=module) as serving:
        enqueue(connection, "audited", JOBS)  # now that all eight are there
        wait_until(lambda: not unfinished(connection), timeout=120, what=f"{JOBS} jobs to end: {serving.text[-2000:]}")


def runs_beyond_the_first(connection: Connection[Any]) -> int:
    """Runs of a job that the audit holds more than once: an attempt that began twice, or a second one."""
    row = connection.execute("SELECT count(*) - count(DISTINCT job_id) FROM public.audit").fetchone()
    assert row is not None
    return int(row[0])


def test_no_job_is_claimed_or_run_twice(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        run_all(dsn, tmp_path, connection, ("pooljobs",))
        assert counts(connection) == {"completed": JOBS}
        assert runs_beyond_the_first(connection) == 0
        once = "SELECT count(*) FROM pooljobs.history WHERE fence = 1 AND attempts = 1"
        assert connection.execute(once.encode()).fetchone() == (JOBS,)
        pids = connection.execute("SELECT count(DISTINCT pid) FROM public.audit").fetchone()
        assert pids is not None
        assert pids[0] == 8, "not every process took part: nothing was contended"


@pytest.mark.hazard("Two workers take the same job")
def test_the_audit_sees_a_double_claim_when_the_lock_is_taken_out(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        run_all(dsn, tmp_path, connection, ("tests.support.sabotage",))
        assert runs_beyond_the_first(connection) > 0


@pytest.mark.parametrize("options", [("--concurrency", "4"), ("--batch-size", "500"), ("--no-adaptive",)])
def test_neither_threads_nor_large_batches_change_that(dsn: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1000)
        enqueue(connection, "audited_async", 1000)
        with Serving(dsn, tmp_path / "log", "--procs", "4", "--poll-interval", "0.05", *options):
            wait_until(lambda: not unfinished(connection), timeout=120, what="the jobs to end")
        assert counts(connection) == {"completed": 2000}
        assert runs_beyond_the_first(connection) == 0
