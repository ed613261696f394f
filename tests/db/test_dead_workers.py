"""Leases, reaping and release: what a dead worker held comes back, once, and to nobody's cost but where it ran."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.claims import SQL, claim, insert, register, scalar

Conn = Connection[Any]
EXPIRE = "UPDATE pooljobs.workers SET job_timeout = interval '0', leased_until = now() - interval '1 s' WHERE id = %s"


def release(connection: Conn, *worker_ids: int, lost: bool = False) -> tuple[int, int]:
    row = connection.execute(
        SQL.load("release_dead"), {"worker_ids": list(worker_ids) or None, "lost": lost, "max_losses": 9}
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def retire(connection: Conn, worker_id: int) -> None:
    connection.execute(SQL.load("retire_workers"), {"worker_ids": [worker_id]})


def reap(connection: Conn, *gone: int, watched: float = 3600.0) -> list[int]:
    asked = {"watched": watched, "gone": list(gone)}
    return [row[0] for row in connection.execute(SQL.load("reap_workers"), asked).fetchall()]


def test_a_dead_workers_jobs_come_back_uncharged(connection: Conn) -> None:
    insert(connection, 3)
    worker = register(connection)
    claim(connection, worker)
    retire(connection, worker)
    assert release(connection, worker) == (3, 0)
    assert scalar(connection, "SELECT array_agg(DISTINCT (status, attempts, losses)::text) FROM pooljobs.jobs") == [
        "(pending,0,0)"
    ]


def test_a_living_workers_jobs_stay(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    claim(connection, worker)
    assert release(connection, worker) == (0, 0)
    assert release(connection) == (0, 0)


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
def test_jobs_of_a_worker_without_a_row_come_back(connection: Conn) -> None:
    insert(connection)
    worker = register(connection)
    claim(connection, worker)
    connection.execute("DELETE FROM pooljobs.workers")
    assert release(connection, lost=True) == (1, 0)
    assert scalar(connection, "SELECT losses FROM pooljobs.live") == 1


@pytest.mark.hazard("A worker is killed while its claim runs in the server")
def test_locked_rows_are_skipped_and_counted_as_still_held(connection: Conn, dsn: str) -> None:
    insert(connection, 2)
    worker = register(connection)
    claim(connection, worker)
    retire(connection, worker)
    with psycopg.connect(dsn) as other:
        other.execute("SELECT 1 FROM pooljobs.live ORDER BY id LIMIT 1 FOR UPDATE")
        assert release(connection, worker) == (1, 1)
    assert release(connection, worker) == (1, 0)


def test_an_expired_lease_is_reaped_once(connection: Conn) -> None:
    worker = register(connection)
    connection.execute(EXPIRE.encode(), (worker,))
    assert reap(connection) == [worker]
    assert reap(connection) == []


def test_a_lease_that_stands_is_not_reaped(connection: Conn) -> None:
    register(connection)
    assert reap(connection) == []


def test_a_lease_counts_for_who_has_watched_for_all_of_its_length(connection: Conn) -> None:
    brief, long = register(connection, job_timeout=2.0), register(connection, job_timeout=60.0)
    connection.execute("UPDATE pooljobs.workers SET leased_until = pg_postmaster_start_time() - interval '1 h'")
    connection.execute("UPDATE pooljobs.workers SET job_timeout = interval '0' WHERE id = %s", (brief,))
    assert reap(connection, watched=0.0) == []
    assert reap(connection, watched=59.0) == [brief]
    assert long not in reap(connection, watched=59.0)


def test_who_is_gone_is_dead_whatever_its_lease(connection: Conn) -> None:
    gone, living = register(connection), register(connection)
    assert reap(connection, gone, watched=0.0) == [gone]
    assert reap(connection, gone, watched=0.0) == []
    assert scalar(connection, "SELECT id FROM pooljobs.workers WHERE dead_at IS NULL") == living


@pytest.mark.hazard("A worker that was declared dead wakes up and goes on")
def test_a_worker_that_is_claiming_cannot_be_reaped_under_it(connection: Conn, dsn: str) -> None:
    insert(connection)
    worker = register(connection)
    with psycopg.connect(dsn) as claiming:
        claiming.execute("SELECT 1 FROM pooljobs.workers WHERE id = %s FOR KEY SHARE", (worker,))
        connection.execute(EXPIRE.encode(), (worker,))
        assert reap(connection) == []
    assert reap(connection) == [worker]


def test_renewal_lengthens_the_lease_of_the_living_only(connection: Conn) -> None:
    living, dead = register(connection, job_timeout=60.0), register(connection)
    retire(connection, dead)
    rows = connection.execute(SQL.load("renew_leases"), {"worker_ids": [living, dead]}).fetchall()
    assert rows == [(living,)]


@pytest.mark.hazard("After a long outage, a late promotion")
def test_a_server_that_just_started_reaps_nobody(connection: Conn) -> None:
    """After an outage longer than job_timeout every lease is past: they count from the server's start."""
    worker = register(connection)
    connection.execute(
        "UPDATE pooljobs.workers SET job_timeout = now() - pg_postmaster_start_time() + interval '1 h',"
        " leased_until = now() - interval '1 day' WHERE id = %s",
        (worker,),
    )
    assert reap(connection) == []


def test_tombstones_are_forgotten_after_a_day_unless_a_job_names_them(connection: Conn) -> None:
    insert(connection)
    naming, other = register(connection), register(connection)
    claim(connection, naming)
    connection.execute("UPDATE pooljobs.workers SET dead_at = now() - interval '2 days'")
    connection.execute(SQL.load("forget_workers"))
    assert connection.execute("SELECT id FROM pooljobs.workers").fetchall() == [(naming,)]
    assert other != naming
