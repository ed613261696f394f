"""The planner settings of a child's connections are in force: without them the same statements read the whole table."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs.db.connect import pin
from pooljobs.db.wire.arrays import register_arrays
from pooljobs.job.verdict import Verdict
from tests.support.claims import Claim, claim, insert, register, scalar, settle_all

Conn = Connection[Any]
JOBS = 4000
"""So few that a planner left to itself prefers reading them all to looking up the hundreds of a batch."""
BATCH = 500


@pytest.fixture
def batch(connection: Conn) -> list[Claim]:
    """A batch in hand, out of a table whose statistics are fresh."""
    insert(connection, JOBS)
    jobs = claim(connection, register(connection), limit=BATCH)
    assert jobs is not None
    connection.execute("VACUUM ANALYZE pooljobs.live")
    return jobs


def rows_read(connection: Conn) -> int:
    """Rows that sequential scans of the live table have read."""
    connection.execute("SELECT pg_stat_clear_snapshot()")
    return int(scalar(connection, "SELECT pg_stat_get_xact_tuples_returned('pooljobs.live'::regclass)"))


def rows_read_by_settling(connection: Conn, jobs: list[Claim]) -> int:
    """What settling the batch reads by sequential scans; rolled back."""
    with connection.transaction(force_rollback=True):
        before = rows_read(connection)
        assert settle_all(connection, *[job.settled(Verdict.COMPLETED) for job in jobs]) == set()
        return rows_read(connection) - before


@pytest.mark.hazard("Statistics are stale after a bulk load: the planner scans and sorts the backlog")
def test_a_settlement_reads_no_table_as_a_whole(batch: list[Claim], dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as pinned, psycopg.connect(dsn, autocommit=True) as free:
        pin(pinned)
        register_arrays(free)
        assert rows_read_by_settling(pinned, batch) == 0
        assert rows_read_by_settling(free, batch) >= JOBS, "the planner does well by itself: this shows nothing"
