"""At a million rows every hot statement goes by its indexes and reads what it needs; without one it is noticed.

One test and one table, since filling it takes seconds: xdist would spread several tests over its processes, and each of
these would fill a table of its own.
"""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from tests.support.claims import insert, register, scalar
from tests.support.hot_statements import BATCH, Hot, check, hold, hot_statements

Conn = Connection[Any]

# A million rows: what is due in the default queue, what is due in a hundred others, what is due tomorrow at every
# priority, in a queue of its own and in the default one, and what waits in a queue that nobody here serves.
FILL = """
INSERT INTO pooljobs.live (id, job_type, queue, priority, run_at)
SELECT (lpad(to_hex(n), 12, '0') || '7000' || lpad(to_hex(n), 16, '0'))::uuid, 'noop', kind.queue, kind.priority,
    now() + kind.delay
FROM generate_series(1, 1000000) AS n
CROSS JOIN LATERAL (SELECT
    CASE n % 5 WHEN 0 THEN 'default' WHEN 1 THEN 'q' || n / 5 % 100 WHEN 2 THEN 'tomorrow' WHEN 3 THEN 'default'
        ELSE 'other' END AS queue,
    (CASE WHEN n % 5 IN (2, 3) THEN n / 5 % 9 - 4 ELSE 0 END)::smallint AS priority,
    CASE WHEN n % 5 IN (2, 3) THEN interval '1 day' ELSE interval '-1 hour' END AS delay
) AS kind
"""


def fill(connection: Conn) -> int:
    """A worker that holds a batch, over a table that was analyzed when it was empty, and not since."""
    connection.execute("ALTER TABLE pooljobs.live SET (autovacuum_enabled = off)")
    connection.execute("ANALYZE pooljobs.live")
    connection.execute(FILL)
    worker = register(connection, job_timeout=3600.0)
    hold(connection, worker)
    return worker


def drop(connection: Conn, index: str) -> None:
    table = index.split("_", maxsplit=1)[0]
    if index.endswith("_pkey"):
        connection.execute(f"ALTER TABLE pooljobs.{table} DROP CONSTRAINT {index} CASCADE".encode())
    else:
        connection.execute(f"DROP INDEX pooljobs.{index}".encode())


def assert_noticed(connection: Conn, statements: list[Hot]) -> None:
    """Each statement's check fails without the index that it goes by. Not executed: that would take minutes."""
    for hot in statements:
        if hot.index_dropped:
            with connection.transaction(force_rollback=True):
                drop(connection, hot.index_dropped)
                with pytest.raises(AssertionError, match=f"{hot.name} goes by"):
                    check(connection, hot, execute=False)


@pytest.mark.hazard(
    "Statistics are stale after a bulk load: the planner scans and sorts the backlog",
    closed="plans are pinned on each connection (`shared/pooljobs/db/connect.py`)",
    area="statements",
)
@pytest.mark.timeout(600)
def test_hot_statements_go_by_their_indexes_at_a_million_rows(connection: Conn) -> None:
    worker = fill(connection)
    assert scalar(connection, "SELECT reltuples FROM pg_class WHERE oid = 'pooljobs.live'::regclass") <= 0
    statements = hot_statements(connection, worker)
    for hot in statements:
        check(connection, hot)  # with statistics of an empty table
    connection.execute("ANALYZE pooljobs.live")
    for hot in statements:
        check(connection, hot)
    assert_noticed(connection, statements)


def test_a_dropped_index_is_noticed_in_a_small_table_too(connection: Conn) -> None:
    worker = register(connection)
    insert(connection, 2 * BATCH)
    hold(connection, worker)
    statements = hot_statements(connection, worker)
    for hot in statements:
        check(connection, hot)
    assert_noticed(connection, statements)
