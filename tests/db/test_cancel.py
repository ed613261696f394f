"""The SQL function ``cancel``: every state of a job, and what it meets in other transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg import errors as pg

from pooljobs.job.verdict import Verdict
from pooljobs.operations.reader import Reader
from pooljobs_steward.wakeups.waker import ACT
from tests.support.claims import SQL, Claim, claim, insert, register, scalar, settle_all

Conn = Connection[Any]


@pytest.fixture(autouse=True)
def impatient(connection: Conn) -> None:
    """Nobody waits for anybody here: where a lock is in the way, that is an error."""
    connection.execute("SET lock_timeout = '5 s'")


@pytest.fixture
def other(dsn: str) -> Iterator[Conn]:
    """Another session, in transactions of its own; as impatient."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET lock_timeout = '5 s'")
        connection.commit()
        yield connection


def enqueued(connection: Conn, **columns: Any) -> UUID:
    insert(connection, **columns)
    job_id = scalar(connection, "SELECT id FROM pooljobs.live ORDER BY id DESC LIMIT 1")
    assert isinstance(job_id, UUID)
    return job_id


def held(connection: Conn) -> Claim:
    """A job that a worker holds."""
    insert(connection)
    [job] = claim(connection, register(connection)) or []
    return job


def cancel(connection: Conn, job_id: UUID, reason: str | None = None) -> str | None:
    word: str | None = scalar(connection, "SELECT pooljobs.cancel(%s, %s)", job_id, reason)
    return word


def job(connection: Conn, job_id: UUID, columns: str = "status") -> Any:
    row = connection.execute(f"SELECT {columns} FROM pooljobs.jobs WHERE id = %s".encode(), (job_id,)).fetchone()
    assert row is not None
    return row if "," in columns else row[0]


def requests(connection: Conn) -> list[tuple[UUID, str | None]]:
    return connection.execute("SELECT job_id, reason FROM pooljobs.cancellations ORDER BY job_id").fetchall()


def test_a_pending_job_moves_to_history_with_all_it_has(connection: Conn) -> None:
    job_id = enqueued(connection, job_type="send", queue="q", priority=2, max_retries=7, trace_id="t", losses=1)
    before = job(connection, job_id, "queue, job_type, payload, priority, max_retries, trace_id, created_at, run_at")
    assert cancel(connection, job_id) == "cancelled"
    after = job(connection, job_id, "queue, job_type, payload, priority, max_retries, trace_id, created_at, run_at")
    assert after == before
    assert job(connection, job_id, "status, attempts, losses, last_error, started_at, finished_at IS NOT NULL") == (
        "cancelled",
        0,
        1,
        "cancelled before it ran",
        None,
        True,
    )
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0
    assert requests(connection) == []
    assert claim(connection, register(connection)) == []


def test_a_job_of_tomorrow_is_cancelled_today(connection: Conn) -> None:
    job_id = enqueued(connection, run_at="2999-01-01")
    assert cancel(connection, job_id, "changed my mind") == "cancelled"
    assert job(connection, job_id, "last_error") == "cancelled before it ran: changed my mind"


def test_the_error_of_an_earlier_run_is_kept(connection: Conn) -> None:
    run = held(connection)
    assert settle_all(connection, run.settled(Verdict.RETRY, error="ValueError: no\n\nTraceback", delay=60.0)) == set()
    assert cancel(connection, run.id, "enough") == "cancelled"
    expected = ("cancelled", 1, "cancelled before run 2: enough\n\nValueError: no\n\nTraceback")
    assert job(connection, run.id, "status, attempts, last_error") == expected


def test_a_running_job_is_asked_once_and_the_first_reason_stays(connection: Conn) -> None:
    run = held(connection)
    assert cancel(connection, run.id) == "requested"
    assert cancel(connection, run.id, "  slow\nsecond line ") == "requested"
    assert cancel(connection, run.id, "late") == "requested"
    assert requests(connection) == [(run.id, "slow")]
    assert job(connection, run.id) == "running"


def test_a_request_does_not_touch_the_claim(connection: Conn) -> None:
    run = held(connection)
    cancel(connection, run.id)
    assert settle_all(connection, run.settled(Verdict.COMPLETED)) == set()
    assert job(connection, run.id) == "completed"


@pytest.mark.parametrize("verdict", [Verdict.COMPLETED, Verdict.FAILED, Verdict.CANCELLED])
def test_an_ended_job_stays_as_it_is(connection: Conn, verdict: Verdict) -> None:
    run = held(connection)
    settle_all(connection, run.settled(verdict, error="as it was"))
    before = job(connection, run.id, "status, last_error, finished_at, attempts")
    assert cancel(connection, run.id, "too late") == "ended"
    assert job(connection, run.id, "status, last_error, finished_at, attempts") == before
    assert requests(connection) == []


def test_an_unknown_job_is_null(connection: Conn) -> None:
    assert cancel(connection, uuid4()) is None
    assert requests(connection) == []


def test_a_long_reason_is_cut(connection: Conn) -> None:
    job_id = enqueued(connection)
    assert cancel(connection, job_id, "x" * 5000) == "cancelled"
    assert len(job(connection, job_id, "last_error")) == len("cancelled before it ran: ") + 1000


def test_an_error_never_outgrows_its_column(connection: Conn) -> None:
    job_id = enqueued(connection, attempts=1, last_error="y" * 8192)
    cancel(connection, job_id, "why")
    assert len(job(connection, job_id, "last_error")) == 8192


def test_a_cancellation_commits_with_the_callers_transaction(connection: Conn, other: Conn) -> None:
    first, second = enqueued(connection), enqueued(connection)
    assert cancel(other, first) == "cancelled"
    assert job(connection, first) == "pending"
    other.rollback()
    assert job(connection, first) == "pending"
    assert cancel(other, second) == "cancelled"
    other.commit()
    assert job(connection, second) == "cancelled"


def test_what_an_open_transaction_cancels_is_not_claimed_and_nobody_waits(connection: Conn, other: Conn) -> None:
    cancelled, free = enqueued(connection), enqueued(connection)
    assert cancel(other, cancelled) == "cancelled"
    worker = register(connection)
    assert [run.id for run in claim(connection, worker) or []] == [free]
    other.rollback()
    assert [run.id for run in claim(connection, worker) or []] == [cancelled]


def test_a_job_that_is_being_claimed_is_asked(connection: Conn, other: Conn) -> None:
    """The claim has not committed: the row still reads as pending, and is locked."""
    job_id = enqueued(connection)
    worker = register(connection)
    other.execute("SELECT 1 FROM pooljobs.live FOR UPDATE")
    other.execute("UPDATE pooljobs.live SET worker_id = %s, token = 5, fence = fence + 1", (worker,))
    assert cancel(connection, job_id) == "requested"
    other.commit()
    assert requests(connection) == [(job_id, None)]
    assert job(connection, job_id) == "running"


def test_a_claim_that_rolls_back_leaves_the_request(connection: Conn, other: Conn) -> None:
    job_id = enqueued(connection)
    other.execute("SELECT 1 FROM pooljobs.live FOR UPDATE")
    assert cancel(connection, job_id) == "requested"
    other.rollback()
    assert job(connection, job_id) == "pending"
    assert requests(connection) == [(job_id, None)]


def test_a_running_job_is_settled_beside_an_open_request(connection: Conn, other: Conn) -> None:
    """A caller's long transaction must not hold up the worker."""
    run = held(connection)
    assert cancel(other, run.id) == "requested"
    assert settle_all(connection, run.settled(Verdict.COMPLETED)) == set()
    other.commit()
    assert job(connection, run.id) == "completed"


def test_an_older_snapshot_is_refused_and_not_obeyed(connection: Conn, other: Conn) -> None:
    """Above READ COMMITTED the caller still sees as pending what a worker has claimed."""
    job_id = enqueued(connection)
    other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    scalar(other, "SELECT count(*) FROM pooljobs.live")
    claim(connection, register(connection))
    with pytest.raises(pg.SerializationFailure):
        cancel(other, job_id)
    assert job(connection, job_id) == "running"


def test_two_cancel_the_same_job_at_once(connection: Conn, other: Conn) -> None:
    job_id = enqueued(connection)
    assert cancel(other, job_id) == "cancelled"
    assert cancel(connection, job_id) == "requested"
    other.commit()
    assert job(connection, job_id) == "cancelled"
    assert cancel(connection, job_id) == "ended"


def test_cancels_and_claims_that_race_never_both_win(dsn: str, connection: Conn) -> None:
    """Each job is either cancelled and never claimed, or claimed and asked; none is lost."""
    insert(connection, 400)
    ids = [row[0] for row in connection.execute("SELECT id FROM pooljobs.live ORDER BY id").fetchall()]
    outcomes: dict[UUID, str | None] = {}

    def cancel_all() -> None:
        with psycopg.connect(dsn, autocommit=True) as mine:
            outcomes.update((job_id, cancel(mine, job_id)) for job_id in ids)

    thread = threading.Thread(target=cancel_all)
    with psycopg.connect(dsn, autocommit=True) as claiming:
        worker = register(claiming)
        thread.start()
        claimed: set[UUID] = set()
        while batch := claim(claiming, worker, limit=3):
            claimed |= {run.id for run in batch}
        thread.join()
        claimed |= {run.id for run in claim(claiming, worker, limit=400) or []}
    asked = {job_id for job_id, word in outcomes.items() if word == "requested"}
    gone = {job_id for job_id, word in outcomes.items() if word == "cancelled"}
    assert asked | gone == set(ids)
    assert claimed == asked
    assert {job_id for job_id, _ in requests(connection)} == asked
    statuses = dict(connection.execute("SELECT id, status FROM pooljobs.jobs").fetchall())
    assert {job_id for job_id, status in statuses.items() if status == "cancelled"} == gone


def test_a_cancellation_makes_the_partition_that_is_missing(connection: Conn) -> None:
    job_id = enqueued(connection)
    today = scalar(connection, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")
    connection.execute(f"DROP TABLE pooljobs.history_{today}".encode())
    assert cancel(connection, job_id) == "cancelled"
    assert job(connection, job_id) == "cancelled"


def test_a_retry_forgets_the_request_of_the_earlier_run(connection: Conn) -> None:
    run = held(connection)
    cancel(connection, run.id)
    settle_all(connection, run.settled(Verdict.CANCELLED, error="cancelled"))
    assert Reader(connection).retry(run.id)
    assert requests(connection) == []
    assert connection.execute(SQL.load("read_cancellations")).fetchall() == []
    assert job(connection, run.id) == "pending"


def test_a_cancelled_job_runs_when_it_is_retried(connection: Conn) -> None:
    job_id = enqueued(connection)
    cancel(connection, job_id)
    assert Reader(connection).retry(job_id)
    [again] = claim(connection, register(connection)) or []
    assert again.id == job_id


def test_stewards_are_told_of_a_request_and_of_nothing_else(connection: Conn, other: Conn) -> None:
    other.autocommit = True
    other.execute("LISTEN pooljobs")
    run = held(connection)
    assert cancel(connection, enqueued(connection)) == "cancelled"
    cancel(connection, run.id)
    connection.execute("SET pooljobs.notify = 'off'")
    cancel(connection, run.id)
    connection.execute("RESET pooljobs.notify")
    connection.execute("NOTIFY pooljobs, 'end'")
    assert [notify.payload for notify in other.notifies(timeout=60, stop_after=2)] == [ACT, "end"]
