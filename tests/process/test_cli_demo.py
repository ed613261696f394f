"""``pooljobs demo``: it ends well, its audit would notice, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.demo.ledger import open_ledger
from pooljobs_cli.demo.summary import holds
from pooljobs_cli.staging.consent import not_asked
from pooljobs_supervisor.reporting.supervisor_log import tells_ready
from tests.support.command import FOR_SERVE, environment, pooljobs
from tests.support.waiting import wait_until

SMALL = ("demo", "--jobs", "300", "--procs", "2", "--yes")
SCHEMAS = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pooljobs%'"


def test_all_is_well_in_the_end(empty_dsn: str, tmp_path: Path) -> None:
    ended = pooljobs(*SMALL, "--dsn", empty_dsn, cwd=tmp_path, env=FOR_SERVE)
    assert ended.code == 0, ended.out + ended.err
    assert "0 lost, 0 claimed twice (audit of" in ended.out
    assert "5 recovered, 5 workers respawned" in ended.out
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute(SCHEMAS.encode()).fetchone() == (0,)


AUDIT = "INSERT INTO pooljobs_demo.audit (job_id, attempt, pid, process, started, ended, outcome) SELECT job_id, "
TWICE = " FROM pooljobs_demo.enqueued, generate_series(1, 2) AS n"
SAME_RUN_TWICE = AUDIT + "1, n, 'w', now(), NULL, NULL" + TWICE
AGAIN_AFTER_SUCCESS = AUDIT + "n, 1, 'w', now(), now(), 'returned'" + TWICE
AT_THE_SAME_TIME = AUDIT + "n, n, 'w', now() + n * interval '1 s', now() + n * interval '3 s', 'raised'" + TWICE
NEVER_RAN = """
    WITH gone AS (DELETE FROM pooljobs_demo.live RETURNING *)
    INSERT INTO pooljobs_demo.history SELECT id, run_at, created_at, now(), now(), 1, 1, 3, 1, 0, 0, 0,
        'completed', queue, job_type, NULL, NULL, payload FROM gone
"""


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM pooljobs_demo.live", "lost"),
        (SAME_RUN_TWICE, "claimed_twice"),
        (AGAIN_AFTER_SUCCESS, "claimed_twice"),
        (AT_THE_SAME_TIME, "claimed_twice"),
        (NEVER_RAN, "unproven"),
        ("SELECT", "unsettled"),
    ],
)
def test_the_audit_notices(empty_dsn: str, damage: str, found: str) -> None:
    with open_ledger(empty_dsn, not_asked) as ledger:
        ledger.enqueue(20, lambda _count: None)
        with psycopg.connect(empty_dsn, autocommit=True) as connection:
            connection.execute(damage.encode())
        audit = ledger.audit()
    assert audit[found] == 20
    assert not holds(audit)


def test_two_demos_do_not_share_a_database(empty_dsn: str, tmp_path: Path) -> None:
    with open_ledger(empty_dsn, not_asked):
        ended = pooljobs(*SMALL, "--dsn", empty_dsn, cwd=tmp_path)
    assert ended.code == ExitCode.REFUSED
    assert "another demo" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_drains_and_cleans_up(empty_dsn: str, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "pooljobs", "demo", "--jobs", "50000", "--procs", "2", "--yes", "--dsn", empty_dsn]
    log = tmp_path / ".pooljobs" / "demo.log"
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        demo = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: log.exists() and tells_ready(log.read_text()), timeout=90, what="the workers")
            demo.send_signal(number)
            _, told = demo.communicate(timeout=60)
        finally:
            demo.kill()
        assert demo.returncode == 130
        assert "stopping" in told
        assert "stopped (ok)" in log.read_text()
        assert connection.execute(SCHEMAS.encode()).fetchone() == (0,)
        others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        wait_until(lambda: connection.execute(others.encode()).fetchone() == (0,), what="all connections to end")
