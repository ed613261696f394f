"""What happens to jobs of every kind in a real fleet: the reference's rules, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection

from tests.support.serving import Serving, audit_of, counts, enqueue, unfinished
from tests.support.waiting import wait_until

FAST = ("--poll-interval", "0.1")


def run_until_done(dsn: str, tmp_path: Path, connection: Connection[Any], *options: str) -> str:
    with Serving(dsn, tmp_path / "log", *FAST, *options) as serving:
        wait_until(lambda: not unfinished(connection), timeout=60, what="all jobs to end")
        return serving.text


def one(connection: Connection[Any], columns: str) -> tuple[Any, ...]:
    row = connection.execute(f"SELECT {columns} FROM pooljobs.jobs".encode()).fetchone()
    assert row is not None
    return tuple(row)


def test_a_job_is_completed_and_its_times_are_kept(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1, '{"secs": 0.05}')
        run_until_done(dsn, tmp_path, connection)
        row = one(connection, "status, attempts, last_error, finished_at - started_at > interval '40 ms'")
        assert row == ("completed", 1, None, True)


def test_a_failing_job_runs_again_and_completes(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "fails_twice")
        run_until_done(dsn, tmp_path, connection)
        status, attempts, error = one(connection, "status, attempts, last_error")
        assert (status, attempts) == ("completed", 3)
        assert error.startswith("ValueError: run 2 of 3 fails\\x00")
        assert "audit_app.py" in error


def test_a_policy_of_none_fails_at_the_first_error_whatever_was_raised(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "always_fails")
        run_until_done(dsn, tmp_path, connection)
        status, attempts, error = one(connection, "status, attempts, last_error")
        assert (status, attempts) == ("failed", 1)
        assert error.startswith("SystemExit: not even this ends a worker")


def test_a_job_without_a_handler_fails_at_once_where_none_is_waited_for(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "nobody")
        run_until_done(dsn, tmp_path, connection, "--unknown-after", "0")
        assert one(connection, "status, attempts, last_error") == (
            "failed",
            0,
            "no handler registered for job type: nobody",
        )


def test_a_payload_the_handler_does_not_take_fails_at_once_where_nothing_else_is_waited_for(
    dsn: str, tmp_path: Path
) -> None:
    with audit_of(dsn) as connection:
        connection.execute("""SELECT pooljobs.enqueue('audited', '{"colour": "red"}')""")
        run_until_done(dsn, tmp_path, connection, "--unknown-after", "0")
        status, attempts, error = one(connection, "status, attempts, last_error")
        assert (status, attempts) == ("failed", 0)
        assert "colour" in error


def test_a_payload_nothing_can_read_fails_its_own_job_and_no_other(dsn: str, tmp_path: Path) -> None:
    """jsonb holds longer numbers than any Python reader takes; the rest of the batch must not suffer."""
    with audit_of(dsn) as connection:
        connection.execute("SELECT pooljobs.enqueue('audited', %s::jsonb)", (f'{{"secs": {"9" * 5000}}}',))
        connection.execute("""SELECT pooljobs.enqueue('audited', '{"secs": 1e-400}')""")
        enqueue(connection, "audited", 5)
        run_until_done(dsn, tmp_path, connection)
        assert counts(connection) == {"completed": 6, "failed": 1}


def test_only_the_queues_asked_for_are_served(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        connection.execute("SELECT pooljobs.enqueue('audited', queue => 'emails')")
        connection.execute("SELECT pooljobs.enqueue('audited', queue => 'other')")
        with Serving(dsn, tmp_path / "log", *FAST, "--queues", "default,emails"):
            wait_until(lambda: counts(connection).get("completed"), what="the job in emails to complete")
        rows = connection.execute("SELECT queue FROM pooljobs.live").fetchall()
        assert rows == [("other",)]


def test_work_goes_on_at_once_after_a_full_batch(dsn: str, tmp_path: Path) -> None:
    """The reference sleeps the whole poll interval after each batch; a minute here would not end in time."""
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 100)
        with Serving(dsn, tmp_path / "log", "--batch-size", "10", "--no-adaptive", "--poll-interval", "60"):
            wait_until(lambda: not unfinished(connection), timeout=30, what="ten batches to end")


def test_a_slow_job_does_not_hold_back_its_batch_mates_result(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        enqueue(connection, "audited", 1)
        enqueue(connection, "audited", 1, '{"secs": 600}')
        with Serving(dsn, tmp_path / "log", *FAST, "--shutdown-timeout", "0.1"):
            wait_until(lambda: counts(connection) == {"completed": 1, "running": 1}, what="the first job's result")


def test_a_trace_id_is_on_the_log_lines_of_its_job(dsn: str, tmp_path: Path) -> None:
    with audit_of(dsn) as connection:
        connection.execute("SELECT pooljobs.enqueue('always_fails', trace_id => 'trace-42')")
        assert "trace-42" in run_until_done(dsn, tmp_path, connection, "--log-format", "json")
