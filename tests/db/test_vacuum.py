"""The steward vacuums the live table itself, when enough rows are dead and not before."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from pooljobs_steward.maintenance.vacuum import DEAD_ROWS, PARTITIONS_AGAIN, PARTITIONS_EVERY, SPARE_PAGES, Vacuum
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


@pytest.mark.hazard(
    "Autovacuum comes once a minute at best, and the queue's table is slow by then",
    closed="the steward vacuums (`supervisor/pooljobs_steward/maintenance/vacuum.py`), in a thread of its own",
    area="chores",
)
@pytest.mark.parametrize(("dead", "vacuums"), [(DEAD_ROWS // 2, 0), (DEAD_ROWS + 1000, 1)])
def test_it_vacuums_once_enough_rows_are_dead(connection: Conn, dead: int, vacuums: int) -> None:
    insert(connection, dead)
    connection.execute("DELETE FROM pooljobs.live")
    wait_until(lambda: statistics(connection)[1] >= dead, what="the server to know of the dead rows")
    Vacuum(SQL, LOG).vacuum(connection)
    wait_until(lambda: statistics(connection)[0] == vacuums, what=f"{vacuums} vacuums")
    assert scalar(connection, "SELECT count(*) FROM pooljobs.live") == 0


PAGES = SPARE_PAGES + 400


def flooded(connection: Conn) -> None:
    """Two rows a page, so many that the table is large, and all gone again: too few to be vacuumed for that."""
    connection.execute(
        "INSERT INTO pooljobs.live (job_type, payload)"
        " SELECT 'plain', jsonb_build_object('pad', repeat('x', 1900)) FROM generate_series(1, %s)",
        (2 * PAGES,),
    )
    assert pages(connection) >= PAGES
    connection.execute("DELETE FROM pooljobs.live")
    wait_until(lambda: statistics(connection)[1] >= 2 * PAGES, what="the server to know of the dead rows")
    assert 2 * PAGES < DEAD_ROWS


def pages(connection: Conn) -> int:
    return int(scalar(connection, "SELECT pg_relation_size('pooljobs.live') / current_setting('block_size')::int"))


@pytest.mark.hazard(
    "A flood has made the queue's table large, and it stays so: each backup and each walk through it reads "
    "empty pages; or it is cut while all claim, and they wait",
    closed="the steward cuts its end off once it is calm, and no vacuum else does; the server gives way to whoever "
    "waits",
    area="chores",
)
def test_a_table_that_grew_in_a_flood_shrinks_at_the_second_calm_look(connection: Conn) -> None:
    flooded(connection)
    upkeep = Vacuum(SQL, LOG)
    upkeep.vacuum(connection)
    assert pages(connection) >= PAGES
    upkeep.vacuum(connection)
    assert pages(connection) == 0


@pytest.mark.hazard("A flood has made the queue's table large")
def test_a_table_that_is_written_all_the_time_does_not_shrink(connection: Conn) -> None:
    flooded(connection)
    upkeep = Vacuum(SQL, LOG)
    upkeep.vacuum(connection)
    insert(connection, DEAD_ROWS)
    connection.execute("DELETE FROM pooljobs.live")
    wait_until(lambda: statistics(connection)[1] >= DEAD_ROWS, what="the server to know of the dead rows")
    upkeep.vacuum(connection)
    wait_until(lambda: statistics(connection)[0] == 1, what="the server to know of the vacuum")
    upkeep.vacuum(connection)
    assert pages(connection) >= PAGES


@pytest.mark.hazard("A flood has made the queue's table large")
def test_it_shrinks_later_where_somebody_reads_and_holds_nobody_up_meanwhile(dsn: str, connection: Conn) -> None:
    flooded(connection)
    upkeep = Vacuum(SQL, LOG)
    with psycopg.connect(dsn) as reader, psycopg.connect(dsn, autocommit=True) as writer:
        reader.execute("SELECT FROM pooljobs.live")
        upkeep.vacuum(connection)
        with ThreadPoolExecutor(1) as beside:
            shrinking = beside.submit(upkeep.vacuum, connection)
            writer.execute("SET lock_timeout = '2s'")
            insert(writer, 1)
            while not wait([shrinking], timeout=0.05).done:
                insert(writer, 1)
            shrinking.result()
        assert pages(connection) >= PAGES
        assert scalar(connection, "SELECT count(*) FROM pooljobs.live") > 0
    connection.execute("DELETE FROM pooljobs.live")
    upkeep.vacuum(connection)
    upkeep.vacuum(connection)
    assert pages(connection) == 0


@pytest.mark.hazard("Only a heap-only update is cheap, and it needs room and unindexed columns")
@pytest.mark.hazard("Autovacuum comes once a minute at best, and the queue's table is slow by then")
def test_the_table_is_set_up_for_a_queue(connection: Conn) -> None:
    options = scalar(connection, "SELECT reloptions FROM pg_class WHERE oid = 'pooljobs.live'::regclass")
    assert {"fillfactor=45", "vacuum_truncate=off", "autovacuum_vacuum_cost_delay=0"} <= set(options)
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
        assert Vacuum(SQL, LOG).partitions(connection) == PARTITIONS_AGAIN
    assert scalar(connection, partitions) == before
    assert Vacuum(SQL, LOG).partitions(connection) == PARTITIONS_EVERY
    assert scalar(connection, partitions) == before + 1
    assert scalar(connection, "SHOW lock_timeout") == "0"
