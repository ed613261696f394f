"""Time limits, on real fleets: handlers that overrun, that will not stop, and that cannot be stopped from inside."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg import Connection

from tests.support.serving import Serving, audit_of, counts, unfinished
from tests.support.waiting import wait_until

APP = "tests.support.limited_app:app"
OPTIONS = ("--poll-interval", "0.1")
THREADS = ("--concurrency", "4")

SOFT_TEXT = "pooljobs.handler.interrupts.TimeLimitExceeded: time limit of 0.3 s exceeded\n"
HARD_TEXT = "killed at its hard time limit of 0.8 s (worker-1, pid "


def enqueue(connection: Connection[Any], job_type: str, count: int = 1, payload: str = "{}", runs: int = 1) -> None:
    """Before any worker has published how often its jobs may run."""
    connection.execute(
        "SELECT count(pooljobs.enqueue(%s, %s::jsonb, max_retries => %s)) FROM generate_series(1, %s)",
        (job_type, payload, runs, count),
    )


def outcome(connection: Connection[Any], job_type: str) -> tuple[str, int, int, str]:
    """Status, runs, crashes and error of the one job of this type."""
    row = connection.execute(
        "SELECT status, attempts, crashes, coalesce(last_error, '') FROM pooljobs.jobs WHERE job_type = %s", (job_type,)
    ).fetchone()
    assert row is not None
    status, attempts, crashes, error = row
    return status, attempts, crashes, error


def run(dsn: str, folder: Path, job_type: str, *options: str, runs: int = 1) -> tuple[str, int, int, str]:
    """Runs one late job with neighbours behind it, which must be completed in one run each."""
    with audit_of(dsn) as connection:
        enqueue(connection, job_type, runs=runs)
        enqueue(connection, "neighbour", 5)
        with Serving(dsn, folder / "log", *OPTIONS, *options, app=APP) as serving:
            wait_until(lambda: not unfinished(connection), what=f"all jobs to end beside {job_type}")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0, serving.text[-4000:]
        neighbours = connection.execute(
            "SELECT DISTINCT status, attempts, crashes, losses FROM pooljobs.jobs WHERE job_type = 'neighbour'"
        ).fetchall()
        assert neighbours == [("completed", 1, 0, 0)]
        return outcome(connection, job_type)


@pytest.mark.parametrize(
    ("job_type", "options"),
    [("cleans_up", ()), ("cleans_up_async", ()), ("cleans_up_async", THREADS)],
)
def test_a_handler_that_cleans_up_and_returns_is_completed(
    dsn: str, tmp_path: Path, job_type: str, options: tuple[str, ...]
) -> None:
    assert run(dsn, tmp_path, job_type, *options) == ("completed", 1, 0, "")


def test_an_overrun_is_a_failure_that_is_retried(dsn: str, tmp_path: Path) -> None:
    status, attempts, crashes, error = run(dsn, tmp_path, "overruns", runs=2)
    assert (status, attempts, crashes) == ("failed", 2, 0)
    assert error.startswith(SOFT_TEXT)
    assert "in overruns\n    time.sleep(LONG)" in error
    log = (tmp_path / "log").read_text()
    assert log.count("time limit of 0.3 s exceeded") == 2
    assert "worker 1 (pid" not in log  # nobody had to die


def test_a_regular_expression_is_interrupted(dsn: str, tmp_path: Path) -> None:
    assert run(dsn, tmp_path, "backtracks")[3].startswith(SOFT_TEXT)


@pytest.mark.parametrize("options", [(), pytest.param(THREADS, marks=pytest.mark.long)])
def test_an_async_handler_is_interrupted_where_it_awaits(dsn: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    status, attempts, crashes, error = run(dsn, tmp_path, "overruns_async", *options)
    assert (status, attempts, crashes) == ("failed", 1, 0)
    assert error.startswith(SOFT_TEXT)
    assert "in overruns_async\n    await asyncio.sleep(LONG)" in error


@pytest.mark.hazard(
    "A time limit cannot interrupt C code, or interrupts the next job",
    closed="the supervisor keeps the limits and kills (`supervisor/pooljobs_supervisor/limits/deadline_watcher.py`); "
    "nothing is raised but where the interrupted frame lies in the handler "
    "(`worker/pooljobs_worker/dispatch/interrupter.py`)",
    area="blame",
)
@pytest.mark.parametrize(
    ("job_type", "options"),
    [
        ("swallows", ()),
        ("counts_in_c", ()),
        ("masks_signals", ()),
        ("blocks_the_loop", ()),
        ("swallows", THREADS),
        pytest.param("counts_in_c", THREADS, marks=pytest.mark.long),
        pytest.param("blocks_the_loop", THREADS, marks=pytest.mark.long),
    ],
)
def test_what_does_not_stop_is_killed_with_its_stack_on_record(
    dsn: str, tmp_path: Path, job_type: str, options: tuple[str, ...]
) -> None:
    status, attempts, crashes, error = run(dsn, tmp_path, job_type, *options)
    assert (status, attempts, crashes) == ("failed", 1, 0), error
    assert error.startswith(HARD_TEXT)
    assert f" in {job_type}" in error, error
    assert "pooljobs_worker" not in error
    log = (tmp_path / "log").read_text()
    assert "has passed its hard time limit of 0.8 s: killing worker 1 (pid" in log
    assert "killed by SIGKILL by the supervisor" in log


@pytest.mark.parametrize("options", [(), pytest.param(THREADS, marks=pytest.mark.long)])
def test_an_async_handler_that_goes_on_is_killed(dsn: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    status, attempts, crashes, error = run(dsn, tmp_path, "swallows_async", *options)
    assert (status, attempts, crashes) == ("failed", 1, 0)
    assert error.startswith(HARD_TEXT)
    assert "no thread was in a handler" in error


def test_a_worker_that_ignores_all_signals_is_killed_all_the_same(dsn: str, tmp_path: Path) -> None:
    status, attempts, crashes, error = run(dsn, tmp_path, "ignores_signals")
    assert (status, attempts, crashes) == ("failed", 1, 0)
    assert error.startswith(HARD_TEXT)
    assert error.endswith("no stack: the worker took no notice of the signal for it")


def test_a_threads_neighbours_are_not_charged(dsn: str, tmp_path: Path) -> None:
    """They ran when their worker was killed: they run once more, as if the first time had not been."""
    with audit_of(dsn) as connection:
        enqueue(connection, "hangs")
        enqueue(connection, "neighbour", 3, '{"secs": 1.5}')
        with Serving(dsn, tmp_path / "log", *OPTIONS, *THREADS, app=APP):
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        status, attempts, crashes, error = outcome(connection, "hangs")
        assert (status, attempts, crashes) == ("failed", 1, 0)
        assert error.startswith("killed at its hard time limit of 0.4 s")
        rows = connection.execute(
            "SELECT status, attempts, crashes, last_error FROM pooljobs.jobs WHERE job_type = 'neighbour'"
        ).fetchall()
        cut_short = "this run was cut short, and is not charged: its worker ("
        assert [row[:3] for row in rows] == [("completed", 1, 0)] * 3
        assert all(row[3].startswith(cut_short) for row in rows)
        runs = connection.execute("SELECT count(*) FROM public.audit GROUP BY job_id").fetchall()
        assert runs == [(2,)] * 3


def test_a_subprocess_goes_with_its_handler(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "has_a_subprocess")
        with Serving(dsn, tmp_path / "log", *OPTIONS, app=APP) as serving:
            family = psutil.Process(serving.process.pid)

            def grandchildren() -> list[psutil.Process]:
                return [one for child in family.children() for one in child.children()]

            (subprocess,) = wait_until(grandchildren, what="the subprocess")
            wait_until(lambda: not unfinished(connection), what="the job to be killed")
            wait_until(lambda: not subprocess.is_running() or subprocess.status() == "zombie", what="its end")
        assert counts(connection) == {"failed": 1}


def test_a_limit_ends_with_its_job(dsn: str, tmp_path: Path) -> None:
    """What comes after in the same entry of the scoreboard takes far longer than the limit of the one before."""
    with audit_of(dsn) as connection:
        for _ in range(10):
            enqueue(connection, "quick", 3)
            enqueue(connection, "neighbour", 1, '{"secs": 0.4}')
        with Serving(dsn, tmp_path / "log", *OPTIONS, "--batch-size", "3", "--no-adaptive", app=APP):
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        assert counts(connection) == {"completed": 40}
        assert connection.execute("SELECT max(attempts) FROM pooljobs.jobs").fetchone() == (1,)


def test_handlers_that_end_about_their_limit_have_one_verdict_each(dsn: str, tmp_path: Path) -> None:
    jobs = 300
    with audit_of(dsn) as connection:
        enqueue(connection, "about_its_limit", jobs)
        with Serving(dsn, tmp_path / "log", *OPTIONS, "--procs", "2", app=APP) as serving:
            wait_until(lambda: not unfinished(connection), timeout=120, what="all jobs to end")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0
            assert "ended: " not in serving.text.partition("SIGTERM")[0]  # no worker died
            assert "was lost to another worker" not in serving.text
        rows = connection.execute(
            "SELECT status, attempts, crashes, split_part(last_error, ':', 1), count(*)"
            " FROM pooljobs.jobs GROUP BY 1, 2, 3, 4"
        ).fetchall()
        assert {row[:4] for row in rows} == {
            ("completed", 1, 0, None),
            ("failed", 1, 0, "pooljobs.handler.interrupts.TimeLimitExceeded"),
        }
        assert sum(row[4] for row in rows) == jobs


def test_a_hung_job_does_not_hold_up_a_drain_beyond_its_limit(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "neighbour")
        enqueue(connection, "swallows")
        with Serving(dsn, tmp_path / "log", *OPTIONS, "--shutdown-timeout", "60", app=APP) as serving:
            wait_until(lambda: counts(connection).get("completed"), what="the batch to begin")
            serving.signal(signal.SIGTERM)
            assert serving.ended() == 0
        assert counts(connection) == {"completed": 1, "failed": 1}


def test_serve_sets_a_limit_for_handlers_that_declare_none(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "neighbour", 1, '{"secs": 60}')
        enqueue(connection, "overruns")
        with Serving(dsn, tmp_path / "log", *OPTIONS, "--time-limit", "0.5", app=APP):
            wait_until(lambda: not unfinished(connection), what="both jobs to end")
        assert "time limit of 0.5 s exceeded" in outcome(connection, "neighbour")[3]
        assert outcome(connection, "overruns")[3].startswith(SOFT_TEXT)


def test_signals_are_put_back_after_a_handler_that_changed_them(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "changes_signals")
        enqueue(connection, "overruns")
        enqueue(connection, "swallows")
        with Serving(dsn, tmp_path / "log", *OPTIONS, app=APP):
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
        assert outcome(connection, "overruns")[3].startswith(SOFT_TEXT)
        assert " in swallows" in outcome(connection, "swallows")[3]
