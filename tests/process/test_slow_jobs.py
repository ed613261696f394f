"""Jobs that were claimed together with a slow one are not held up by it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.serving import Serving, audit_of, counts, enqueue
from tests.support.waiting import wait_until

FOREVER = '{"secs": 600}'
PINNED = ("--poll-interval", "60", "--batch-size", "100", "--no-adaptive", "--shutdown-timeout", "0.1")


@pytest.mark.hazard(
    "Jobs that were claimed with a slow one wait behind it while others idle",
    closed="batches follow what handlers take (`worker/pooljobs_worker/execution/batch_size.py`), and what waits is "
    "given back (`worker/pooljobs_worker/execution/rebalance.py`)",
    area="claims",
)
@pytest.mark.parametrize("concurrency", [1, 2])
def test_an_idle_sibling_runs_what_waits_behind_a_slow_job(dsn: str, tmp_path: Path, concurrency: int) -> None:
    """One claim takes them all; nobody polls again for a minute, and the slow ones never end."""
    with audit_of(dsn) as connection:
        with connection.transaction():
            enqueue(connection, "audited", concurrency, FOREVER)
            enqueue(connection, "audited", 50)
        with Serving(dsn, tmp_path / "log", "--procs", "2", "--concurrency", str(concurrency), *PINNED):
            expected = {"completed": 50, "running": concurrency}
            wait_until(lambda: counts(connection) == expected, what="the quick jobs to complete")
        row = connection.execute("SELECT max(attempts), max(crashes) FROM pooljobs.history").fetchone()
        assert row == (1, 0)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_second_signal_gives_back_at_once_though_a_handler_runs(dsn: str, tmp_path: Path, concurrency: int) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 20, FOREVER)
        options = ("--concurrency", str(concurrency), "--poll-interval", "0.1", "--batch-size", "50", "--no-adaptive")
        begun = "SELECT count(*) FROM public.audit"
        held = "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL"
        with Serving(dsn, tmp_path / "log", *options, "--shutdown-timeout", "60") as serving:
            wait_until(lambda: connection.execute(begun.encode()).fetchone() == (concurrency,), what="jobs to run")
            serving.signal(signal.SIGTERM)
            wait_until(lambda: "draining" in serving.text, what="the drain to begin")
            serving.signal(signal.SIGTERM)
            wait_until(lambda: "SIGTERM again" in serving.text, what="the release to begin")
            wait_until(lambda: connection.execute(held.encode()).fetchone() == (concurrency,), what="the others back")
            assert serving.process.poll() is None
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 12
        rows = connection.execute("SELECT DISTINCT attempts, worker_id FROM pooljobs.live").fetchall()
        assert rows == [(0, None)]


def test_a_worker_that_met_slow_jobs_claims_one_at_a_time(dsn: str, tmp_path: Path) -> None:
    """A job that was never claimed has a fence of 0, also if it was given back."""
    options = ("--poll-interval", "0.1", "--shutdown-timeout", "0.1")
    claimed = "SELECT count(*) FROM pooljobs.live WHERE fence > 0"
    with audit_of(dsn) as connection, Serving(dsn, tmp_path / "log", *options):
        enqueue(connection, "audited", 4, '{"secs": 0.15}')
        wait_until(lambda: counts(connection) == {"completed": 4}, what="the worker to have learned")
        enqueue(connection, "audited", 10, FOREVER)
        wait_until(lambda: counts(connection).get("running"), what="a job to run")
        assert connection.execute(claimed.encode()).fetchone() == (1,)
