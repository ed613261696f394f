"""``pooljobs bench``: it measures on a real database, touches nothing but its schema, and always drops that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from pooljobs_cli.bench.judgement import Bound
from tests.support.command import FOR_SERVE, environment, pooljobs
from tests.support.waiting import wait_until

SMALL = ("bench", "--jobs", "3000", "--procs", "1", "--idle-jobs", "2", "--yes")
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pooljobs%'"

OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def empty(empty_dsn: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(empty_dsn, autocommit=True) as connection:
        yield connection


def schemas(connection: Connection[Any]) -> set[str]:
    return {row[0] for row in connection.execute(SCHEMAS.encode())}


def test_it_measures_and_says_what_bounds(empty_dsn: str, empty: Connection[Any]) -> None:
    ended = pooljobs(*SMALL, "--dsn", empty_dsn, env=FOR_SERVE)
    assert ended.code == 0, ended.out + ended.err
    assert "drain" in ended.out
    assert "bound by: " in ended.out
    assert schemas(empty) == set()


def test_its_json_holds_plausible_figures_and_the_users_schema_is_as_before(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pooljobs.enqueue('theirs')")
        found = pooljobs(*SMALL, "--json", dsn=dsn).json
        assert schemas(connection) == {"pooljobs"}
        assert connection.execute("SELECT job_type, worker_id FROM pooljobs.live").fetchall() == [("theirs", None)]
        assert connection.execute("SELECT count(*) FROM pooljobs.workers").fetchone() == (0,)
    assert found["bound"] in {bound.value for bound in Bound}
    assert found["why"]
    drain = found["drain"]
    assert drain["rate"] == pytest.approx(drain["jobs"] / drain["seconds"])
    assert 0 < drain["settlements"] <= drain["jobs"]
    assert drain["workers"] == 1
    if sys.platform == "linux":
        assert drain["worker_cpu"] >= 0  # in ticks of the kernel's, of which so few jobs may take none
        assert 0 <= drain["idle"] <= 1.1
    for name in ("round_trip", "commit", "commit_unsynced", "bulk_rate", "single_rate"):
        assert found[name] > 0, name
    assert len(found["idle_latency"]) == 2


def test_a_schema_that_it_did_not_make_is_refused_and_left_alone(empty_dsn: str, empty: Connection[Any]) -> None:
    empty.execute("CREATE SCHEMA pooljobs_bench CREATE TABLE dear (n integer)")
    ended = pooljobs(*SMALL, "--dsn", empty_dsn)
    assert ended.code == ExitCode.REFUSED
    assert "no bench made it" in ended.err
    assert empty.execute("SELECT count(*) FROM pooljobs_bench.dear").fetchone() == (0,)


@contextmanager
def running(dsn: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A bench that has got as far as its workers. Its temporary files go to ``folder``."""
    command = [sys.executable, "-m", "pooljobs", "bench", "--jobs", "200000", "--procs", "1", "--yes", "--dsn", dsn]
    variables = environment({"TMPDIR": str(folder)})
    bench = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            wait_until(lambda: _workers(connection), timeout=90.0, what="a worker of the bench")
        yield bench
    finally:
        bench.kill()
        bench.communicate()


def _workers(connection: Connection[Any]) -> bool:
    table = connection.execute("SELECT to_regclass('pooljobs_bench.workers')").fetchone()
    if table is None or table[0] is None:
        return False
    return connection.execute("SELECT FROM pooljobs_bench.workers LIMIT 1").rowcount == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_workers_and_drops_the_schema(
    empty_dsn: str, empty: Connection[Any], tmp_path: Path, number: signal.Signals
) -> None:
    with running(empty_dsn, tmp_path) as bench:
        bench.send_signal(number)
        _, told = bench.communicate(timeout=60)
    assert bench.returncode == 130, told
    assert "Traceback" not in told
    assert schemas(empty) == set()
    assert list(tmp_path.iterdir()) == []
    wait_until(lambda: empty.execute(OTHERS.encode()).fetchone() == (0,), what="all connections to end")


@pytest.mark.long
def test_what_a_killed_one_left_is_dropped_by_the_next_and_two_do_not_meet(
    empty_dsn: str, empty: Connection[Any], tmp_path: Path
) -> None:
    with running(empty_dsn, tmp_path) as bench:
        ended = pooljobs(*SMALL, "--dsn", empty_dsn)
        assert ended.code == ExitCode.REFUSED
        assert "another bench" in ended.err
        os.kill(bench.pid, signal.SIGKILL)
        bench.wait(30)
    assert schemas(empty) == {"pooljobs_bench"}
    wait_until(lambda: empty.execute(OTHERS.encode()).fetchone() == (0,), timeout=90.0, what="its fleet to be gone")
    ended = pooljobs(*SMALL, "--dsn", empty_dsn)
    assert ended.code == 0, ended.err
    assert schemas(empty) == set()


def test_too_few_connections_are_told_as_by_serve_and_the_schema_is_dropped(
    empty_dsn: str, empty: Connection[Any]
) -> None:
    ended = pooljobs("bench", "--jobs", "2000", "--procs", "500", "--yes", "--dsn", empty_dsn)
    assert ended.code == ExitCode.CONNECTION_BUDGET, ended.err
    assert schemas(empty) == set()


def test_a_server_that_is_not_there_is_told() -> None:
    ended = pooljobs(*SMALL, "--dsn", "postgresql://localhost:1/none")
    assert ended.code == ExitCode.DATABASE_UNREACHABLE
    assert "Traceback" not in ended.err
