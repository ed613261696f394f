"""Keys that are taken together are taken as if each were taken alone: in each state of a key, under each rule."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

Conn = Connection[Any]

RULES = list(product((False, True), (None, 60.0), ("skip", "replace", "reschedule", "raise")))
ENDED = 20_000

STATES = """
WITH states AS (
    SELECT row_number() OVER () AS n, h.holder, u.until, pooljobs.uuid_v7() AS id
    FROM unnest(ARRAY['nobody', 'pending', 'running', 'gone', 'completed', 'failed', 'cancelled']) AS h (holder)
    CROSS JOIN unnest(ARRAY[NULL, now() - interval '1 hour', now() + interval '1 hour']) AS u (until)
),
living AS (
    INSERT INTO pooljobs.live (id, job_type, unique_key, payload, worker_id, token, started_at)
    SELECT s.id, 'report', sha256(s.n::text::bytea), '{"old": 1}',
        CASE s.holder WHEN 'running' THEN 7 END, CASE s.holder WHEN 'running' THEN 1 END,
        CASE s.holder WHEN 'running' THEN now() END
    FROM states AS s WHERE s.holder IN ('pending', 'running')
),
past AS (
    INSERT INTO pooljobs.history (id, job_type, status, finished_at, run_at, created_at, unique_key, fence, max_retries,
        attempts, crashes, losses, priority, queue, payload)
    SELECT s.id, 'report', s.holder, now(), now(), now(), sha256(s.n::text::bytea), 1, 3, 1, 0, 0, 0, 'default', '{}'
    FROM states AS s WHERE s.holder IN ('completed', 'failed', 'cancelled')
)
INSERT INTO pooljobs.uniques (key, job_id, until)
SELECT sha256(s.n::text::bytea), s.id, s.until FROM states AS s WHERE s.holder <> 'nobody'
"""
GIVEN = """
WITH given AS (
    SELECT sha256(n::text::bytea) AS key, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid AS id,
        jsonb_build_object('new', n) AS payload
    FROM generate_series(1, 24) AS n
)
"""
TOGETHER = (
    GIVEN
    + """
, arrays AS (
    SELECT array_agg(g.key ORDER BY g.key) AS keys, array_agg(g.id ORDER BY g.key) AS ids,
        array_agg(g.payload ORDER BY g.key) AS payloads
    FROM given AS g
)
SELECT g.id, t.job_id, t.outcome
FROM arrays AS a
CROSS JOIN LATERAL pooljobs.take_uniques(a.keys, a.ids, %s, %s, %s, a.payloads, 3, now() + interval '5 s', 9, 7200) AS o
CROSS JOIN LATERAL unnest(a.ids, o.job_ids, o.outcomes) AS t (given, job_id, outcome)
JOIN given AS g ON g.id = t.given
ORDER BY g.id
"""
)
ALONE = (
    GIVEN
    + """
SELECT g.id, t.job_id, t.outcome
FROM (SELECT * FROM given ORDER BY key) AS g
CROSS JOIN LATERAL pooljobs.take_unique(g.key, g.id, %s, %s, %s, g.payload, 3, now() + interval '5 s', 9, 7200) AS t
ORDER BY g.id
"""
)
AFTERWARDS = (
    "SELECT key, job_id, until FROM pooljobs.uniques ORDER BY key",
    "SELECT id, payload, priority, run_at, max_retries FROM pooljobs.live ORDER BY id",
)


def taken(connection: Conn, statement: str, rule: tuple[bool, float | None, str]) -> tuple[list[Any], ...]:
    """What was told, and what the tables have then; undone."""
    with connection.transaction(force_rollback=True):
        told = connection.execute(statement.encode(), rule).fetchall()
        return told, *(connection.execute(query.encode()).fetchall() for query in AFTERWARDS)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_together_as_alone(connection: Conn, rule: tuple[bool, float | None, str]) -> None:
    connection.execute(STATES.encode())
    with connection.transaction():  # both at one now()
        together, alone = (taken(connection, statement, rule) for statement in (TOGETHER, ALONE))
    assert together[0] == alone[0]
    assert len(together[0]) == 24
    assert {outcome for _, _, outcome in together[0]} >= {"new", "kept"}
    assert together[2] == alone[2]
    if rule[2] != "raise":
        assert together[1] == alone[1]
    else:  # nothing is to be stored: what was taken is let go of
        new = {id_ for id_, _, outcome in alone[0] if outcome == "new"}
        assert together[1] == [row for row in alone[1] if row[1] not in new]


def test_keys_of_jobs_that_have_ended_are_read_by_the_index_whatever_statistics_say(connection: Conn) -> None:
    connection.execute("ANALYZE pooljobs.uniques, pooljobs.live")  # empty by now
    connection.execute(
        "INSERT INTO pooljobs.uniques (key, job_id)"
        f" SELECT sha256(n::text::bytea), pooljobs.uuid_v7() FROM generate_series(1, {ENDED}) AS n".encode()
    )
    connection.execute(f"INSERT INTO pooljobs.live (job_type) SELECT 'other' FROM generate_series(1, {ENDED})".encode())
    keys = [row[0] for row in connection.execute("SELECT key FROM pooljobs.uniques ORDER BY key LIMIT 1000")]
    ids = [UUID(int=n) for n in range(len(keys))]
    ask = (
        b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
        b" SELECT outcomes FROM pooljobs.take_uniques(%s, %s, false, NULL, 'skip', NULL, 0, now(), 3, NULL)"
    )
    row = connection.execute(ask, (keys, ids)).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 40 * len(keys)
    held = connection.execute("SELECT count(*) FROM pooljobs.uniques WHERE job_id = ANY (%s)", (ids,)).fetchone()
    assert held == (1000,)
