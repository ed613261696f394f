"""The claim statement: who gets what, in which order, and who gets nothing."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.claims import claim, insert, register, scalar

Conn = Connection[Any]


def test_a_claim_marks_the_job_running_and_names_its_owner(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    claimed = claim(connection, worker)
    assert claimed is not None
    assert len(claimed) == 1
    row = connection.execute(
        "SELECT status, worker_id, fence, attempts, started_at IS NOT NULL, locked_until > now() FROM pooljobs.jobs"
    ).fetchone()
    assert row == ("running", worker, 1, 1, True, True)


def test_claimed_jobs_come_in_the_order_of_their_run_at(connection: Conn) -> None:
    for number in (3, 1, 2):
        connection.execute(
            "INSERT INTO pooljobs.live (job_type, run_at) VALUES (%s, now() - make_interval(secs => %s))",
            (f"job-{number}", 100 - number),
        )
    claimed = claim(connection, register(connection))
    assert [job.job_type for job in claimed or []] == ["job-1", "job-2", "job-3"]


def test_a_smaller_priority_goes_first(connection: Conn) -> None:
    for priority in (1, -2, 0):
        insert(connection, job_type=f"level {priority}", priority=priority)
    claimed = claim(connection, register(connection), limit=2)
    assert [job.job_type for job in claimed or []] == ["level -2", "level 0"]


def test_a_job_of_the_future_is_not_claimed(connection: Conn) -> None:
    connection.execute("INSERT INTO pooljobs.live (job_type, run_at) VALUES ('later', now() + interval '1 hour')")
    assert claim(connection, register(connection)) == []


def test_only_the_named_queues_are_claimed(connection: Conn) -> None:
    insert(connection, queue="emails")
    insert(connection, queue="default")
    worker = register(connection)
    assert len(claim(connection, worker, queues=("emails",)) or []) == 1
    assert scalar(connection, "SELECT count(*) FROM pooljobs.jobs WHERE status = 'pending'") == 1


def test_no_more_than_the_limit_is_claimed_over_all_lanes(connection: Conn) -> None:
    insert(connection, 5, queue="a")
    insert(connection, 5, queue="b")
    assert len(claim(connection, register(connection), limit=7, queues=("a", "b")) or []) == 7


def test_what_another_session_locks_is_skipped(connection: Conn, dsn: str) -> None:
    insert(connection, 2)
    locked = scalar(connection, "SELECT id FROM pooljobs.live ORDER BY run_at, id LIMIT 1")
    with psycopg.connect(dsn) as other:
        other.execute("SELECT 1 FROM pooljobs.live WHERE id = %s FOR UPDATE", (locked,))
        claimed = claim(connection, register(connection))
    assert claimed is not None
    assert [job.id for job in claimed] != [locked]
    assert len(claimed) == 1


def test_each_claim_raises_the_fence(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    claim(connection, worker)
    connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")
    claimed = claim(connection, worker)
    assert [job.fence for job in claimed or []] == [2]


def test_a_floor_skips_what_lies_before_it(connection: Conn) -> None:
    insert(connection, 3)
    second = connection.execute(
        "SELECT timestamptz_send(run_at), id FROM pooljobs.live ORDER BY run_at, id OFFSET 1"
    ).fetchone()
    assert second is not None
    claimed = claim(connection, register(connection), floor=(second[0], second[1].bytes))
    assert [job.id for job in claimed or []][:1] == [second[1]]
    assert len(claimed or []) == 2


@pytest.mark.hazard(
    "A sweep of a thousand queues looks at nine thousand levels that hold nothing, and is taken for a dear one",
    closed="where queues are many one look finds the first level that holds anything (`claim.sql`, "
    "`look_for_work.sql`); what a claim may take goes by its looks (`worker/pooljobs_worker/claims/lanes.py`)",
    area="claims",
)
@pytest.mark.parametrize("queues", [9, 10, 200], ids=["few", "many", "hundreds"])
def test_queues_that_are_swept_give_the_jobs_of_all_their_levels_in_order(connection: Conn, queues: int) -> None:
    names = [f"q{number}" for number in range(queues)]
    for queue, level in (("q5", 4), ("q5", -4), ("q8", 0), ("q8", 3), ("q8", -1)):
        insert(connection, job_type=f"{queue} {level}", queue=queue, priority=level)
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, queue, priority, run_at)"
        " VALUES ('later', 'q5', -3, now() + interval '1 hour'), ('later', 'q7', 0, now() + interval '1 hour')"
    )
    worker = register(connection)
    claimed = claim(connection, worker, limit=3, queues=tuple(names), whole=True)
    assert {job.job_type for job in claimed or []} == {"q5 -4", "q5 4", "q8 -1"}, "queue by queue"
    claimed = claim(connection, worker, queues=tuple(names), whole=True)
    assert [job.job_type for job in claimed or []] == ["q8 0", "q8 3"]
    assert claim(connection, worker, queues=tuple(names), whole=True) == []


@pytest.mark.parametrize("queues", [9, 10], ids=["few", "many"])
def test_a_floor_holds_for_all_levels_of_a_queue(connection: Conn, queues: int) -> None:
    names = tuple(f"q{number}" for number in range(queues))
    insert(connection, queue="q3", priority=-2)
    insert(connection, queue="q3", priority=1)
    connection.execute("UPDATE pooljobs.live SET run_at = run_at - interval '1 hour' WHERE priority < 0")
    half_an_hour_ago = scalar(connection, "SELECT timestamptz_send(now() - interval '30 minutes')")
    claimed = claim(connection, register(connection), queues=names, floor=(half_an_hour_ago, bytes(16)), whole=True)
    assert len(claimed or []) == 1
    assert scalar(connection, "SELECT priority FROM pooljobs.jobs WHERE status = 'running'") == 1


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
def test_a_worker_whose_lease_ran_out_claims_nothing(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    connection.execute("UPDATE pooljobs.workers SET leased_until = now() - interval '1 s', job_timeout = interval '0'")
    assert claim(connection, worker) is None


@pytest.mark.hazard(
    "A worker that was declared dead wakes up and goes on",
    closed="ids are never given twice; `claim.sql` wants its own worker's row alive; `reap_workers.sql` skips one "
    "that is claiming; a worker without a row counts as dead",
    area="ownership",
)
def test_a_dead_worker_claims_nothing(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now()")
    assert claim(connection, worker) is None


def test_an_unknown_worker_claims_nothing(connection: Conn) -> None:
    register(connection)
    assert claim(connection, 10**9) is None


@pytest.mark.hazard("After a long outage, a late promotion")
def test_a_lease_counts_from_the_servers_start_where_that_is_later(connection: Conn) -> None:
    """An outage longer than job_timeout must not expire every lease at once."""
    insert(connection)
    worker = register(connection)
    connection.execute(
        "UPDATE pooljobs.workers SET job_timeout = now() - pg_postmaster_start_time() + interval '1 h',"
        " leased_until = now() - interval '1 s'"
    )
    assert len(claim(connection, worker) or []) == 1


@pytest.mark.hazard(
    "Finding a dead worker's jobs needs an index on the owner, and that index makes every claim slow",
    closed="there is none: the scoreboard knows the ids, and what it does not know is looked for by one scan after a "
    "death (`release_dead.sql`)",
    area="ownership",
)
@pytest.mark.hazard(
    "Only a heap-only update is cheap, and it needs room and unindexed columns",
    closed="a claim changes no column that an index names; `migrations/0100_tables.sql` leaves half of each page empty",
    area="statements",
)
def test_a_claim_touches_no_index(connection: Conn) -> None:
    """A claim is a HOT update: an index on what it changes would end that, and show here."""
    insert(connection, 50)
    worker = register(connection)
    claim(connection, worker, limit=50)
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relid = 'pooljobs.live'::regclass"
    with connection.transaction():
        before = connection.execute(query.encode()).fetchone() or (0, 0)  # what was not handed on yet counts as well
        connection.execute("UPDATE pooljobs.live SET worker_id = NULL, token = NULL")
        claim(connection, worker, limit=50)
        after = connection.execute(query.encode()).fetchone()
    assert after is not None
    updated, hot = after[0] - before[0], after[1] - before[1]
    assert updated == 100
    assert hot >= 50, "the claim wrote index entries"
