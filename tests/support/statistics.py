"""States that statistics can be in while tables are full. Each is made as it comes about, by the server's own doing.

The planner takes the pages of a table and its indexes as they are, and rows a page as they were when the table was last
vacuumed or analysed; a table that was empty then has none on any number of pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from psycopg import Connection

from tests.support.hot_statements import OTHERS, hold

ROWS: Final = 20_000
"""So many that a walk through all of them stands out from what any statement may read."""

TABLES: Final = ("live", "history", "workers", "cancellations", "job_types", "idle_hosts", "fleets", "declarations")

FILL = f"""
INSERT INTO pooljobs.live (job_type, run_at, queue, priority)
SELECT 'noop', now() - interval '1 hour', CASE WHEN n % 5 = 0 THEN 'q' || n / 5 % 100 ELSE 'default' END, 0
FROM generate_series(1, {ROWS}) AS n;
INSERT INTO pooljobs.history (id, run_at, created_at, finished_at, fence, max_retries, attempts, crashes, losses,
    priority, status, queue, job_type, payload)
SELECT pooljobs.uuid_v7(), now(), now(), now(), 1, 3, 1, 0, 0, 0,
    CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'completed' END, 'default', 'noop', '{{}}'
FROM generate_series(1, {ROWS}) AS n;
INSERT INTO pooljobs.fleets (id, host, boot_id, pid_namespace, pid, pid_started, version, seen_until)
SELECT n + 1000, 'elsewhere', 'boot', 1, n, 1, '0', now() - interval '2 days' FROM generate_series(1, {OTHERS}) AS n;
INSERT INTO pooljobs.declarations (fleet, code, job_type, queue, max_retries, retry_policy, retry_delay_secs)
SELECT n + 1000, 1, 'type ' || n, 'default', 3, 'fixed', 1 FROM generate_series(1, {OTHERS}) AS n;
INSERT INTO pooljobs.workers (fleet, code, host, pid, ordinal, queues, job_timeout, leased_until, dead_at)
SELECT n + 1000, 1, 'elsewhere', n, n, '{{default}}', interval '30 s', now() + interval '1 hour',
    now() - interval '2 days'
FROM generate_series(1, {OTHERS}) AS n;
INSERT INTO pooljobs.job_types (job_type, queue, max_retries, retry_policy, retry_delay_secs)
SELECT 'type ' || n, 'default', 3, 'fixed', 1 FROM generate_series(1, {OTHERS}) AS n;
INSERT INTO pooljobs.idle_hosts (queue, fleet, idle_until)
SELECT 'queue ' || n, 1, now() + interval '1 hour' FROM generate_series(1, {OTHERS}) AS n
"""


def fill(connection: Connection[Any], worker: int) -> None:
    """Fills every table, and gives the worker a batch. History's block ranges are summarized, as autovacuum does."""
    connection.execute(FILL.encode())
    connection.execute(
        "SELECT brin_summarize_new_values(c.oid) FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam"
        " WHERE a.amname = 'brin' AND c.relkind = 'i' AND c.relnamespace = 'pooljobs'::regnamespace"
    )
    hold(connection, worker)


def never_analysed(_connection: Connection[Any]) -> None:
    """As migrated."""


def analysed_empty(connection: Connection[Any]) -> None:
    """No rows, and no pages."""
    _vacuum(connection)


def emptied(connection: Connection[Any]) -> None:
    """No rows on many pages: a burst has drained, and the steward or autovacuum came by."""
    connection.execute(FILL.encode())
    _empty(connection)
    _vacuum(connection)


def emptied_and_reindexed(connection: Connection[Any]) -> None:
    """The same; the index for claims is smaller than the one by ids since then, and the younger one."""
    emptied(connection)
    connection.execute("REINDEX INDEX CONCURRENTLY pooljobs.live_claim")


def emptied_and_the_primary_key_reindexed(connection: Connection[Any]) -> None:
    """The same the other way round."""
    emptied(connection)
    connection.execute("REINDEX INDEX CONCURRENTLY pooljobs.live_pkey")


def emptied_unnoticed(connection: Connection[Any]) -> None:
    """Many rows by the statistics, all of them dead; whoever came by before has marked them so in the index."""
    connection.execute(FILL.encode())
    _vacuum(connection)
    _empty(connection)
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        connection.execute("SELECT id FROM pooljobs.live WHERE queue <> '' AND queue > ''")
        connection.execute("SELECT id FROM pooljobs.live ORDER BY id")


def one_row(connection: Connection[Any]) -> None:
    """One row on many pages: a long job ran when the vacuum came by."""
    connection.execute(FILL.encode())
    _empty(connection)
    connection.execute("INSERT INTO pooljobs.live (job_type, queue) VALUES ('long', 'elsewhere')")
    _vacuum(connection)


STATES: Final[tuple[Callable[[Connection[Any]], None], ...]] = (
    never_analysed,
    analysed_empty,
    emptied,
    emptied_and_reindexed,
    emptied_and_the_primary_key_reindexed,
    emptied_unnoticed,
    one_row,
)


def _empty(connection: Connection[Any]) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM pooljobs.{table}".encode())


def _vacuum(connection: Connection[Any]) -> None:
    """Without giving pages back: somebody who reads the table at that moment keeps vacuum from it."""
    for table in TABLES:
        connection.execute(f"VACUUM (TRUNCATE FALSE, ANALYZE) pooljobs.{table}".encode())
