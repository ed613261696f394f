"""The steward vacuums the live table itself, when enough rows are dead and not before."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from pooljobs_supervisor.steward.upkeep import DEAD_ROWS, Upkeep
from tests.support.claims import SQL, insert, scalar
from tests.support.waiting import wait_until

Conn = Connection[Any]


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
    Upkeep(SQL).vacuum(connection)
    wait_until(lambda: statistics(connection)[0] == vacuums, what=f"{vacuums} vacuums")
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


def test_the_table_is_set_up_for_a_queue(connection: Conn) -> None:
    options = scalar(connection, "SELECT reloptions FROM pg_class WHERE oid = 'pooljobs.live'::regclass")
    assert {"fillfactor=50", "vacuum_truncate=off", "autovacuum_vacuum_cost_delay=0"} <= set(options)
    assert {"autovacuum_vacuum_scale_factor=0", "autovacuum_vacuum_threshold=20000"} <= set(options)
