"""What became of jobs that have ended just now, while the index of history knows nothing of them yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from tests.support.claims import insert, scalar

Conn = Connection[Any]

ROWS = 30_000
PARTITION = "SELECT 'pooljobs.history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')"
PLANT = f"""
INSERT INTO pooljobs.history (id, job_type, status, finished_at, run_at, created_at, fence, max_retries, attempts,
    crashes, losses, priority, queue, payload, result)
SELECT pooljobs.uuid_v7(), 'noop', 'completed', now(), now(), now(), 1, 3, 1, 0, 0, 0, 'default', '{{}}', to_json(n)
FROM generate_series(1, {ROWS}) AS n
"""
FIND = "FROM pooljobs.find_results(%s, now() - interval '10 s', now())"
BY_RESULT = "SELECT id FROM pooljobs.history WHERE result::text = %s"


@pytest.fixture
def history(connection: Conn) -> Conn:
    """Full of what has ended just now; nothing of it is vacuumed."""
    connection.execute(f"ALTER TABLE {scalar(connection, PARTITION)} SET (autovacuum_enabled = off)".encode())
    connection.execute(PLANT.encode())
    return connection


def test_what_has_ended_last_is_read_where_it_lies(history: Conn) -> None:
    last = scalar(history, BY_RESULT, str(ROWS))
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * {FIND}".encode()
    blocks = []
    for _ in range(3):  # the first call reads the catalog besides
        row = history.execute(explain, ([last],)).fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        assert plan["Actual Rows"] == 1
        blocks.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    pages = scalar(history, f"SELECT pg_relation_size('{scalar(history, PARTITION)}') / 8192")
    assert min(blocks) < pages / 2, f"of {pages}"


def test_so_is_what_lies_before_it_and_in_other_tables(history: Conn) -> None:
    first, last = (scalar(history, BY_RESULT, str(n)) for n in (1, ROWS))
    insert(history, queue="waits")
    pending = scalar(history, "SELECT id FROM pooljobs.live")
    unknown: UUID = uuid4()
    rows = history.execute(
        f"SELECT job_id, state, result {FIND}".encode(), ([last, unknown, pending, first],)
    ).fetchall()
    assert sorted(rows) == sorted(
        [(first, "completed", "1"), (last, "completed", str(ROWS)), (pending, "pending", None)]
    )


@pytest.mark.parametrize("index_knows", [True, False])
def test_in_what_was_emptied_and_vacuumed_they_are_found_wherever_they_came(
    history: Conn, *, index_knows: bool
) -> None:
    """New rows go where others have gone, far from the end, and what is left may be the end."""
    partition = scalar(history, PARTITION)
    if index_knows:
        history.execute(f"VACUUM {partition}".encode())
    first, last = (scalar(history, BY_RESULT, str(n)) for n in (1, ROWS))
    history.execute("DELETE FROM pooljobs.history WHERE id NOT IN (%s, %s)", (first, last))
    history.execute(f"VACUUM {partition}".encode())
    history.execute(PLANT.encode())
    ids = [
        row[0] for row in history.execute("SELECT id FROM pooljobs.history WHERE result::text IN ('1', '2', '29999')")
    ]
    found = history.execute(f"SELECT job_id {FIND}".encode(), ([*ids, last],)).fetchall()
    assert sorted(found) == sorted((job,) for job in {*ids, last})
    assert len(ids) == 4


def test_where_the_day_has_no_partition_nothing_is_found(connection: Conn) -> None:
    connection.execute(f"DROP TABLE {scalar(connection, PARTITION)}".encode())
    assert connection.execute(f"SELECT * {FIND}".encode(), ([uuid4()],)).fetchall() == []
