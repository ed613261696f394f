"""Cancelling in a real fleet: what is pending, what is claimed and has not begun, and what ends by itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from psycopg import Connection

from pooljobs.exit_codes import ExitCode
from pooljobs.job.verdict import Verdict
from tests.support.claims import claim, insert, register, scalar, settle_all
from tests.support.command import pooljobs
from tests.support.serving import Serving, audit_of, unfinished
from tests.support.waiting import wait_until

APP = "tests.support.cancel_app:app"
PATIENT = "tests.support.patient_app:app"
FAST = ("--poll-interval", "0.1")


def enqueued(connection: Connection[Any], job_type: str = "sleeps", payload: str = '{"secs": 0}') -> UUID:
    job_id = scalar(connection, "SELECT pooljobs.enqueue(%s, %s::jsonb)", job_type, payload)
    assert isinstance(job_id, UUID)
    return job_id


def row(connection: Connection[Any], job_id: UUID) -> tuple[Any, ...]:
    query = "SELECT status, attempts, last_error FROM pooljobs.jobs WHERE id = %s"
    found = connection.execute(query, (job_id,)).fetchone()
    assert found is not None
    return tuple(found)


def began(connection: Connection[Any], job_id: UUID) -> bool:
    return bool(scalar(connection, "SELECT count(*) FROM public.audit WHERE job_id = %s", job_id))


def asked(connection: Connection[Any]) -> int:
    return int(scalar(connection, "SELECT count(*) FROM pooljobs.cancellations"))


def cancel(connection: Connection[Any], job_id: UUID, reason: str | None = None) -> Any:
    return scalar(connection, "SELECT pooljobs.cancel(%s, %s)", job_id, reason)


def test_a_pending_job_is_cancelled_beside_a_fleet_and_never_runs(dsn: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with (
        audit_of(dsn) as connection,
        Serving(dsn, tmp_path / "log", *FAST, "--batch-size", "1", "--no-adaptive", app=APP),
    ):
        first = enqueued(connection, "waits", orjson.dumps({"path": str(gate)}).decode())
        wait_until(lambda: began(connection, first), what="the first one to begin")
        pending, last = enqueued(connection), enqueued(connection)
        ended = pooljobs("jobs", "cancel", str(pending), "--reason", "not needed", dsn=dsn)
        assert (ended.code, ended.out) == (0, f"{pending} is cancelled\n"), ended.err
        gate.touch()
        wait_until(lambda: began(connection, last), what="the job behind it")
        assert not began(connection, pending)
        assert row(connection, pending) == ("cancelled", 0, "cancelled before it ran: not needed")


@pytest.mark.parametrize("concurrency", [1, 2])
def test_what_is_claimed_and_has_not_begun_never_runs(dsn: str, tmp_path: Path, concurrency: int) -> None:
    """The batch's first jobs keep every handler busy; the one behind them is held by the worker meanwhile."""
    gate = tmp_path / "gate"
    with audit_of(dsn) as connection:
        waiting = orjson.dumps({"path": str(gate)}).decode()
        first = [enqueued(connection, "waits", waiting) for _ in range(concurrency)]
        behind, last = enqueued(connection), enqueued(connection)
        options = (*FAST, "--concurrency", str(concurrency))
        with Serving(dsn, tmp_path / "log", *options, app=PATIENT) as serving:
            wait_until(lambda: all(began(connection, job_id) for job_id in first), what="the first ones to begin")
            assert row(connection, behind)[0] == "running"
            assert cancel(connection, behind, "second thoughts") == "requested"
            wait_until(lambda: str(behind) in serving.text, what="the steward to pass it on")
            gate.touch()
            wait_until(lambda: not unfinished(connection), what="all jobs to end")
            wait_until(lambda: not asked(connection), what="the request to be forgotten")
        assert row(connection, behind) == ("cancelled", 0, "cancelled before it ran: second thoughts")
        assert not began(connection, behind)
        assert {row(connection, job_id)[0] for job_id in (*first, last)} == {"completed"}
        assert re.search(rf"steward +job {behind} is to be cancelled: worker-1 \(pid \d+\) has it", serving.text)


def test_a_job_that_comes_back_from_a_lost_host_is_cancelled(dsn: str, tmp_path: Path) -> None:
    """It is never claimed here, in whichever queue it is."""
    with audit_of(dsn) as connection:
        insert(connection, queue="elsewhere")
        [held] = claim(connection, register(connection), queues=("elsewhere",)) or []
        assert cancel(connection, held.id) == "requested"
        with Serving(dsn, tmp_path / "log", *FAST) as serving:
            wait_until(lambda: "1 worker ready" in serving.text, what="the fleet")
            expire = "UPDATE pooljobs.workers SET leased_until = now() - interval '1 h', job_timeout = '0'"
            connection.execute(f"{expire} WHERE host = 'test'".encode())
            wait_until(lambda: not unfinished(connection), what="the job to end")
        status, attempts, error = row(connection, held.id)
        assert (status, attempts) == ("cancelled", 0)
        assert error.startswith("cancelled before it ran\n\nits host test was lost while it held this job")
        assert f"job {held.id} was cancelled: it was back in its queue" in serving.text
        assert asked(connection) == 0


def test_the_command_takes_each_id_by_itself(dsn: str, connection: Connection[Any]) -> None:
    insert(connection, 2)
    [running] = claim(connection, register(connection), limit=1) or []
    [pending] = [r[0] for r in connection.execute("SELECT id FROM pooljobs.live WHERE worker_id IS NULL").fetchall()]
    ended = pooljobs("jobs", "cancel", "ffffffff-ffff", str(running.id), str(pending), "--json", dsn=dsn)
    assert ended.code == ExitCode.NOT_FOUND
    assert ended.json["jobs"] == [
        {"id": str(running.id), "became": "requested"},
        {"id": str(pending), "became": "cancelled"},
    ]
    again = pooljobs("jobs", "cancel", str(pending), dsn=dsn)
    assert (again.code, again.out) == (ExitCode.REFUSED, "")
    assert again.err.startswith(f"error: {pending} is cancelled\nhint: only pending and running jobs")
    assert (
        pooljobs("jobs", "cancel", str(running.id), dsn=dsn).out == f"{running.id} is running, and was asked to end\n"
    )


def test_a_running_job_shows_that_it_is_asked(dsn: str, connection: Connection[Any]) -> None:
    insert(connection)
    [running] = claim(connection, register(connection)) or []
    assert "cancel" not in pooljobs("jobs", "show", str(running.id), dsn=dsn).out
    cancel(connection, running.id, "[bold]slow[/bold]")
    connection.execute("UPDATE pooljobs.cancellations SET requested_at = requested_at - interval '1 h'")
    shown = pooljobs("jobs", "show", str(running.id), dsn=dsn)
    assert re.search(r"^cancel +requested 1 h ago: \[bold\]slow\[/bold\]$", shown.out, re.MULTILINE), shown.out
    assert pooljobs("jobs", "show", str(running.id), "--json", dsn=dsn).json["cancel_reason"] == "[bold]slow[/bold]"


def test_wait_returns_when_the_job_has_ended(dsn: str, connection: Connection[Any]) -> None:
    insert(connection)
    [running] = claim(connection, register(connection)) or []
    with ThreadPoolExecutor(1) as threads:
        command = threads.submit(pooljobs, "jobs", "cancel", str(running.id), "--wait", dsn=dsn)
        wait_until(lambda: asked(connection), what="the request")
        assert not command.done()
        settle_all(connection, running.settled(Verdict.COMPLETED))
        ended = command.result(60)
    assert (ended.code, ended.out) == (0, f"{running.id} is completed\n"), ended.err
