"""Settlement: one statement for any mix of verdicts, and only for a claim that still stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from pooljobs.db.store.settlement import SettlementBatch
from pooljobs.job.verdict import Verdict
from tests.support.claims import SQL, claim, insert, register, scalar, settle_all

Conn = Connection[Any]
JOB = "SELECT status, attempts, crashes, losses, last_error FROM pooljobs.jobs"


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.COMPLETED, ("completed", 1, 0, 0, None)),
        (Verdict.FAILED, ("failed", 1, 0, 0, "why")),
        (Verdict.CANCELLED, ("cancelled", 1, 0, 0, "why")),
        (Verdict.POISONED, ("failed", 1, 1, 0, "why")),
        (Verdict.RETRY, ("pending", 1, 0, 0, "why")),
        (Verdict.CRASHED, ("pending", 1, 1, 0, "why")),
        (Verdict.RELEASED, ("pending", 0, 0, 0, None)),
        (Verdict.LOST, ("pending", 0, 0, 1, None)),
        (Verdict.SUSPECTED, ("pending", 0, 0, 0, "why")),
        (Verdict.SNOOZED, ("pending", 0, 0, 0, "why")),
    ],
)
def test_each_verdict_does_what_it_says(connection: Conn, verdict: Verdict, expected: tuple[object, ...]) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(verdict, error=expected[4]))
    assert connection.execute(JOB.encode()).fetchone() == expected


def test_a_mixed_batch_is_settled_at_once(connection: Conn) -> None:
    insert(connection, 4)
    jobs = claim(connection, register(connection)) or []
    verdicts = [Verdict.COMPLETED, Verdict.FAILED, Verdict.RETRY, Verdict.RELEASED]
    refused = settle_all(connection, *(job.settled(v) for job, v in zip(jobs, verdicts, strict=True)))
    assert refused == set()
    counts = dict(connection.execute("SELECT status, count(*) FROM pooljobs.jobs GROUP BY 1").fetchall())
    assert counts == {"completed": 1, "failed": 1, "pending": 2}


def test_a_job_is_in_one_table_only(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(Verdict.COMPLETED))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 1
    assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs") == 1


def test_a_stale_claim_cannot_settle(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    (stale,) = claim(connection, worker) or []
    settle_all(connection, stale.settled(Verdict.RELEASED))
    claim(connection, worker)
    assert settle_all(connection, stale.settled(Verdict.COMPLETED)) == {stale.id.bytes}
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "running"


@pytest.mark.hazard(
    "A server crash forgets a claim, whose commit did not wait for the disk; the next claim has the same "
    "fence, and the first worker's result would count",
    closed="a random token for each claim statement, compared by `settle.sql`, `settle_full.sql` and "
    "`complete_in_transaction.sql`; a retry from history carries the fence on",
    area="ownership",
)
def test_the_same_fence_with_another_token_cannot_settle(connection: Conn) -> None:
    """After a server crash an asynchronously committed claim is gone, and the next one gives the same fence."""
    insert(connection)
    worker = register(connection)
    (lost,) = claim(connection, worker) or []
    connection.execute("UPDATE pooljobs.live SET fence = 0, worker_id = NULL, token = NULL")
    (current,) = claim(connection, worker) or []
    assert current.fence == lost.fence
    assert settle_all(connection, lost.settled(Verdict.COMPLETED)) == {lost.id.bytes}
    assert settle_all(connection, current.settled(Verdict.COMPLETED)) == set()


def test_settling_twice_counts_once(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    assert settle_all(connection, job.settled(Verdict.COMPLETED)) == set()
    assert settle_all(connection, job.settled(Verdict.COMPLETED)) == {job.id.bytes}
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 1


def test_a_retry_waits_for_its_delay_by_the_databases_clock(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(Verdict.RETRY, delay=60.0))
    wait = scalar(connection, "SELECT extract(epoch FROM run_at - now())::float8 FROM pooljobs.live")
    assert 30 < wait <= 60


def test_a_release_keeps_run_at(connection: Conn) -> None:
    insert(connection)
    before = scalar(connection, "SELECT run_at FROM pooljobs.live")
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(Verdict.RELEASED))
    assert scalar(connection, "SELECT run_at FROM pooljobs.live") == before


def test_a_job_that_never_ran_is_charged_no_run(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(Verdict.FAILED, error="no handler", started_ns=0))
    row = connection.execute("SELECT status, attempts, started_at FROM pooljobs.jobs").fetchone()
    assert row == ("failed", 0, None)


@pytest.mark.hazard("Making a partition waits for settlements")
def test_a_missing_partition_does_not_fail_a_settlement(connection: Conn) -> None:
    for (name,) in connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass"
    ).fetchall():
        connection.execute(f"DROP TABLE {name}".encode())
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    assert settle_all(connection, job.settled(Verdict.COMPLETED)) == set()
    assert scalar(connection, "SELECT status FROM pooljobs.jobs") == "completed"


def test_an_empty_batch_is_nothing(connection: Conn) -> None:
    register(connection)
    assert settle_all(connection) == set()


def test_a_completed_job_keeps_the_error_of_an_earlier_run(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.RETRY, error="first try", delay=0.0))
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.COMPLETED))
    assert connection.execute(JOB.encode()).fetchone() == ("completed", 2, 0, 0, "first try")


def mark(connection: Conn) -> bool | None:
    found: bool | None = scalar(connection, "SELECT suspect FROM pooljobs.live")
    return found


@pytest.mark.parametrize(
    ("verdict", "marked"),
    [
        (Verdict.SUSPECTED, True),
        (Verdict.CRASHED, True),
        (Verdict.RELEASED, True),
        (Verdict.LOST, True),
        (Verdict.RETRY, None),
    ],
)
def test_a_suspect_stays_one_until_a_run_has_ended_otherwise(
    connection: Conn, verdict: Verdict, marked: bool | None
) -> None:
    insert(connection)
    worker = register(connection)
    (job,) = claim(connection, worker) or []
    assert not job.suspect
    settle_all(connection, job.settled(Verdict.SUSPECTED))
    (job,) = claim(connection, worker) or []
    assert job.suspect
    settle_all(connection, job.settled(verdict, delay=0.0))
    assert mark(connection) is marked


@pytest.mark.parametrize("verdict", [Verdict.RELEASED, Verdict.RETRY, Verdict.LOST])
def test_what_is_no_suspect_does_not_become_one(connection: Conn, verdict: Verdict) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    settle_all(connection, job.settled(verdict))
    assert mark(connection) is None


def test_runs_that_were_cut_short_are_counted_apart_and_go_along_to_history(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    for verdict, started_ns in [(Verdict.RELEASED, 0), (Verdict.RELEASED, 1), (Verdict.SUSPECTED, 1)]:
        (job,) = claim(connection, worker) or []
        settle_all(connection, job.settled(verdict, started_ns=started_ns))
    assert connection.execute("SELECT attempts, interruptions FROM pooljobs.jobs").fetchone() == (0, 2)
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.COMPLETED))
    row = connection.execute("SELECT status, attempts, interruptions FROM pooljobs.jobs").fetchone()
    assert row == ("completed", 1, 2)


@pytest.mark.hazard("A row that another update moved is not found where the claim saw it")
def test_rows_that_moved_since_the_claim_are_settled_all_the_same(connection: Conn) -> None:
    """VACUUM FULL writes the table anew: the places that the claim gave mean other rows then, or none."""
    insert(connection, 30)
    jobs = claim(connection, register(connection), limit=30)
    assert jobs
    assert all(job.place is not None for job in jobs)
    settle_all(connection, *[job.settled(Verdict.COMPLETED) for job in jobs[:15]])
    connection.execute("VACUUM FULL pooljobs.live")
    assert settle_all(connection, *[job.settled(Verdict.COMPLETED) for job in jobs[15:]]) == set()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history WHERE status = 'completed'") == 30


def test_a_wrong_place_harms_nobody(connection: Conn) -> None:
    insert(connection, 2)
    one, other = claim(connection, register(connection)) or []
    assert settle_all(connection, one.settled(Verdict.COMPLETED, place=other.place)) == set()
    assert scalar(connection, "SELECT id FROM pooljobs.live") == other.id


@pytest.mark.parametrize("verdict", [Verdict.COMPLETED, Verdict.RETRY])
def test_places_may_be_known_of_some_jobs_only(connection: Conn, verdict: Verdict) -> None:
    insert(connection, 4)
    jobs = claim(connection, register(connection)) or []
    batch = [job.settled(verdict, place=job.place if number % 2 else None) for number, job in enumerate(jobs)]
    assert settle_all(connection, *batch) == set()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live WHERE worker_id IS NOT NULL") == 0


def test_a_snooze_is_counted_and_carried_and_no_run_is(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    until = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for _ in range(2):
        (job,) = claim(connection, worker) or []
        settle_all(connection, job.settled(Verdict.SNOOZED, started_ns=1, delay=0.0))
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.SNOOZED, started_ns=1, run_at=until))
    told = "SELECT status, attempts, snoozes, run_at FROM pooljobs.jobs"
    assert connection.execute(told.encode()).fetchone() == ("pending", 0, 3, until)
    connection.execute("UPDATE pooljobs.live SET run_at = now() - interval '1 minute'")
    (job,) = claim(connection, worker) or []
    settle_all(connection, job.settled(Verdict.COMPLETED, started_ns=1))
    assert connection.execute("SELECT status, attempts, snoozes FROM pooljobs.jobs").fetchone() == ("completed", 1, 3)


def test_batches_of_completed_jobs_and_of_others_differ_in_nothing_else(connection: Conn) -> None:
    """One statement is for what most batches are: its jobs end as those that end beside a failed one."""
    rows = []
    for beside in (False, True):
        insert(connection, 2 if beside else 1)
        worker = register(connection)
        jobs = claim(connection, worker) or []
        jobs.sort(key=lambda job: job.id)
        done = jobs[0].settled(Verdict.COMPLETED, started_ns=1)
        settle_all(connection, done, *(job.settled(Verdict.FAILED, error="why") for job in jobs[1:]))
        row = connection.execute(
            "SELECT to_jsonb(h) FROM pooljobs.history AS h WHERE id = %s", (jobs[0].id,)
        ).fetchone()
        assert row is not None
        rows.append(
            {name: row[0][name] for name in row[0] if name not in {"id", "worker_id", "token"} and "_at" not in name}
        )
        assert row[0]["started_at"] is not None
    assert rows[0] == rows[1]


@pytest.mark.hazard(
    "Jobs that keep no results pay for those that do: another statement, more bytes of WAL",
    closed="a batch that completed and keeps nothing goes by `settle.sql`, which is as it was",
    area="statements",
)
def test_a_batch_that_keeps_nothing_goes_by_the_plain_statement(connection: Conn) -> None:
    insert(connection, 4)
    settling, worker = SettlementBatch(SQL), register(connection)
    plain, *rest = claim(connection, worker) or []
    settling.settle(connection, [plain.settled(Verdict.COMPLETED)])
    assert (settling._completed.is_known_to(connection), settling._statement.is_known_to(connection)) == (True, False)
    kept = [rest[0].settled(Verdict.COMPLETED, kept=b'{"n": 1}'), rest[1].settled(Verdict.COMPLETED)]
    kept.append(rest[2].settled(Verdict.COMPLETED, kept="why"))
    assert settling.settle(connection, kept).refused == set()
    found = connection.execute("SELECT result::text, result_note FROM pooljobs.history ORDER BY id").fetchall()
    assert sorted(found, key=str) == [('{"n": 1}', None), (None, "why"), (None, None), (None, None)]


def test_a_claim_that_was_lost_keeps_nothing(connection: Conn) -> None:
    insert(connection)
    (job,) = claim(connection, register(connection)) or []
    stale = replace(job, fence=job.fence + 1)
    assert settle_all(connection, stale.settled(Verdict.COMPLETED, kept=b"1")) == {job.id.bytes}
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 0
