"""History's partitions and its index under what happens to them: open transactions, and ids that come late."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import Connection

from tests.support.claims import scalar

Conn = Connection[Any]
ROWS = 40_000
ENDED = """
INSERT INTO pooljobs.history (
    id, run_at, created_at, finished_at, fence, max_retries, attempts, crashes, losses, priority, status, queue,
    job_type, payload)
SELECT CASE WHEN n %% 500 = 0 THEN overlay(pooljobs.uuid_v7()::text PLACING '00000000-0000' FROM 1 FOR 13)::uuid
    ELSE pooljobs.uuid_v7() END, now(), now(), now(), 1, 3, 1, 0, 0, 0, 'completed', 'default', 'noop', '{}'
FROM generate_series(1, %s) AS n
"""
"""One in five hundred has an id as of 1970: jobs that were enqueued long before they ended."""


@pytest.mark.hazard(
    "Making a partition waits for settlements and blocks those behind it; a missing one fails them",
    closed="CREATE, then ATTACH (`make_partitions.sql`), two weeks ahead; a settlement that finds none makes it "
    "(`shared/pooljobs/db/store/settlement.py`)",
    area="statements",
)
def test_partitions_are_made_beside_an_open_settlement_and_block_none(connection: Conn, dsn: str) -> None:
    with psycopg.connect(dsn) as writer:
        writer.execute(ENDED, (1,))
        connection.execute("SET lock_timeout = '20s'")
        assert scalar(connection, "SELECT pooljobs.ensure_partitions(20)") >= 6
        writer.execute(ENDED, (1,))
    assert scalar(connection, "SELECT count(*) FROM pooljobs.history") == 2


@pytest.mark.hazard("Making a partition waits for settlements")
def test_no_partition_takes_what_fits_no_other(connection: Conn) -> None:
    """It would keep every other partition from being detached beside running settlements."""
    assert not scalar(
        connection, "SELECT partdefid FROM pg_partitioned_table WHERE partrelid = 'pooljobs.history'::regclass"
    )


@pytest.mark.hazard(
    "A few old ids in history ruin the index by which jobs are found",
    closed="the multi-minmax operator class (`migrations/0100_tables.sql`)",
    area="statements",
)
def test_a_job_is_found_in_a_few_blocks_though_some_ids_are_old(connection: Conn) -> None:
    """With one range a block range, a single old id in it would make the range take in everything."""
    connection.execute(ENDED, (ROWS,))
    connection.execute("VACUUM pooljobs.history")  # which summarises what is new
    row = connection.execute("SELECT id FROM pooljobs.history ORDER BY id DESC OFFSET 35000 LIMIT 1").fetchone()
    assert row is not None
    query = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM pooljobs.history WHERE id = %s"
    connection.execute("SET enable_seqscan = off")
    plan = scalar(connection, query.decode(), row[0])[0]["Plan"]
    pages = scalar(connection, "SELECT sum(relpages) FROM pg_class WHERE relname LIKE 'history_2%%' AND relkind = 'r'")
    assert pages > 400
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < pages / 3
