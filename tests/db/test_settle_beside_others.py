"""Settlements beside other statements: rows that moved meanwhile, and batches that overlap."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.job.verdict import Verdict
from tests.support.claims import Claim, claim, insert, register, scalar, settle_all
from tests.support.waiting import wait_until

Conn = Connection[Any]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def claimed(connection: Conn, count: int) -> list[Claim]:
    """So many jobs of a worker, by id."""
    insert(connection, count)
    jobs = claim(connection, register(connection))
    assert jobs is not None
    return sorted(jobs, key=lambda job: job.id.bytes)


@pytest.mark.hazard(
    "A row that another update moved is not found where the claim saw it",
    closed="what is refused by its place is looked up by its id (`shared/pooljobs/db/store/settlement.py`)",
    area="statements",
)
def test_a_row_that_another_update_moved_is_settled_all_the_same(connection: Conn) -> None:
    """Where it lay at the claim is no way to find it."""
    (job,) = claimed(connection, 1)
    before = scalar(connection, "SELECT ctid::text FROM pooljobs.live")
    connection.execute("UPDATE pooljobs.live SET priority = 1")
    assert scalar(connection, "SELECT ctid::text FROM pooljobs.live") != before
    assert settle_all(connection, job.settled(Verdict.COMPLETED)) == set()
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 1


@pytest.mark.hazard(
    "Batches that overlap lock in different orders: a deadlock",
    closed="`shared/pooljobs/db/store/settlement.py` sorts by id; a deadlock with somebody else's statement is tried "
    "again (`shared/pooljobs/db/error_kinds.py`)",
    area="statements",
)
def test_a_batch_locks_in_the_order_of_the_ids_whatever_order_it_came_in(connection: Conn, dsn: str) -> None:
    """Two batches that overlap then wait for each other, and never in a circle."""
    first, *_, last = claimed(connection, 5)
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn) as settler, psycopg.connect(dsn) as looker:
        pin(settler)
        holder.execute("SELECT FROM pooljobs.live WHERE id = %s FOR UPDATE", (first.id,))
        batch = [job.settled(Verdict.COMPLETED) for job in (last, first)]
        thread = threading.Thread(target=settle_all, args=(settler, *batch))
        thread.start()
        try:
            wait_until(lambda: scalar(connection, WAITING) == 1, what="the settlement to wait for the first row")
            looker.execute("SELECT FROM pooljobs.live WHERE id = %s FOR UPDATE NOWAIT", (last.id,))
        finally:
            looker.rollback()
            holder.rollback()
            thread.join(30)
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 2
