"""Fills tables for a benchmark: INSERT ... SELECT inside the server, in pieces, so that a bar can tell how far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg import Connection

PIECE = 200_000
"""Rows of one statement: a second's work or less."""

HISTORY_DAYS = 7
"""Days that ended jobs are spread over, today's partition the last, as in a queue that has run for a week."""

Advance = Callable[[int], None]

# An id of version 7 is made of the moment and 74 random bits. The filler's are made of the row's time and its number:
# in order, as in life, and at a tenth of the price.
_ADD = """INSERT INTO pooljobs.live (id, job_type, queue, priority, run_at, payload)
SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || lpad(to_hex(%(base)s::bigint + n), 19, '0'))::uuid,
    %(job_type)s, 'q' || n %% %(queues)s, %(priority)s, now() + %(delay)s, jsonb_build_object('n', n)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"""

_ADD_HISTORY = """INSERT INTO pooljobs.history (id, run_at, created_at, started_at, finished_at, worker_id, fence,
    max_retries, attempts, crashes, losses, priority, status, queue, job_type, payload)
SELECT (lpad(to_hex((extract(epoch FROM ended.at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n), 19, '0'))::uuid,
    ended.at, ended.at, ended.at, ended.at, 1, 1, 3, 1, 0, 0, 0, 'completed', 'q0', 'noop', jsonb_build_object('n', n)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
    LATERAL (SELECT %(begins)s::timestamptz + n * %(step)s::interval AS at) AS ended"""

_DAYS = """DO $$
DECLARE
    today timestamptz := date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    day timestamptz;
    part text;
BEGIN
    FOR day IN SELECT today - ago * interval '1 day' FROM generate_series(2, HISTORY_DAYS) AS ago LOOP
        part := 'history_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD');
        CONTINUE WHEN to_regclass('pooljobs.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE pooljobs.%I PARTITION OF pooljobs.history FOR VALUES FROM (%L) TO (%L)',
            part, day, day + interval '1 day');
    END LOOP;
END $$"""


@dataclass(frozen=True)
class Jobs:
    """Pending jobs of one kind. ``delay`` counts from now; ``queues`` share them evenly, one after the other."""

    count: int
    queues: int = 1
    priority: int = 0
    delay: timedelta = timedelta(0)
    job_type: str = "noop"


def add_jobs(connection: Connection[Any], jobs: Jobs, advance: Advance) -> None:
    """Puts them in, in their own order of ids; ``advance`` is told how many are new."""
    base = _scalar(connection, "SELECT pg_current_xact_id()::text::bigint") << 40
    for first in range(1, jobs.count + 1, PIECE):
        last = min(first + PIECE - 1, jobs.count)
        parameters = {"queues": jobs.queues, "priority": jobs.priority, "delay": jobs.delay}
        parameters["job_type"] = jobs.job_type
        connection.execute(_ADD, {"base": base, "first": first, "last": last, **parameters})
        advance(last - first + 1)


def add_history(connection: Connection[Any], count: int, advance: Advance) -> None:
    """Puts completed jobs into the days that have just passed, the last of them a moment ago."""
    if not count:
        return
    _ensure_days(connection)
    begins = _scalar(connection, f"SELECT now() - interval '{HISTORY_DAYS} days'")
    step = timedelta(days=HISTORY_DAYS) / count
    for first in range(1, count + 1, PIECE):
        last = min(first + PIECE - 1, count)
        connection.execute(_ADD_HISTORY, {"first": first, "last": last, "begins": begins, "step": step})
        advance(last - first + 1)


def _ensure_days(connection: Connection[Any]) -> None:
    """Partitions for days that the schema, made just now, has none for."""
    connection.execute(_DAYS.replace("HISTORY_DAYS", str(HISTORY_DAYS)).encode())


def _scalar(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]
