"""The steward vacuums the live table itself, when enough rows are dead and not before."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs_supervisor.steward.upkeep import DEAD_ROWS, PARTITIONS_AGAIN, PARTITIONS_EVERY, Upkeep
from tests.support.claims import SQL, insert, scalar
from tests.support.waiting import wait_until

Conn = Connection[Any]
LOG = logging.getLogger("test")


def statistics(connection: Conn) -> tuple[int, int]:
    """Vacuums that were asked for, and rows that the server knows to be dead."""
    connection.execute("SELECT pg_stat_clear_snapshot()")
    row = connection.execute(
        "SELECT vacuum_count, n_dead_tup FROM pg_stat_user_tables WHERE schemaname = 'pooljobs' AND relname = 'live'"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize(("dead", "vacuums"), [(DEAD_ROWS // 2, 0), (DEAD_ROWS + 1000, 1)])
def test_it_vacuums_once_enough_rows_are_dead(connection: Conn, dead: int, vacuums: int) -> None:
    insert(connection, dead)
    connection.execute("DELETE FROM pooljobs.live")
    wait_until(lambda: statistics(connection)[1] >= dead, what="the server to know of the dead rows")
    Upkeep(SQL, LOG).vacuum(connection)
    wait_until(lambda: statistics(connection)[0] == vacuums, what=f"{vacuums} vacuums")
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def test_the_table_is_set_up_for_a_queue(connection: Conn) -> None:
    options = scalar(connection, "SELECT reloptions FROM pg_class WHERE oid = 'pooljobs.live'::regclass")
    assert {"fillfactor=50", "vacuum_truncate=off", "autovacuum_vacuum_cost_delay=0"} <= set(options)
    assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=20000"} <= set(options)


def test_partitions_wait_for_nobody_for_long_and_are_made_later(dsn: str, connection: Conn) -> None:
    """Whoever holds history's lock would hold up the steward, and a worker that settles."""
    partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pooljobs.history'::regclass"
    last = scalar(connection, partitions.replace("count(*)", "max(inhrelid::regclass::text)"))
    connection.execute(f"DROP TABLE {last}".encode())
    before = scalar(connection, partitions)
    connection.execute("SET statement_timeout = '20s'")
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE pooljobs.history IN SHARE UPDATE EXCLUSIVE MODE")
        assert Upkeep(SQL, LOG).partitions(connection) == PARTITIONS_AGAIN
    assert scalar(connection, partitions) == before
    assert Upkeep(SQL, LOG).partitions(connection) == PARTITIONS_EVERY
    assert scalar(connection, partitions) == before + 1
    assert scalar(connection, "SHOW lock_timeout") == "0"
