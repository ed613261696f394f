-- Enqueues many unique jobs of one rule, as insert_unique.sql does one: all or none;
-- and with on_conflict 'raise' none where one is kept.
-- Parameters: unique_keys bytea[], each once, and arrays of that length: ids uuid[], payload jsonb[]; of all of them: the other
--   columns that an enqueue gives, run_at (null: now() plus the delay), delay (seconds), until_start, within, on_conflict, most;
--   replacing boolean: whether jobs that are there may be replaced.
-- Returns of the jobs in their order the ids of those that are there, in hexadecimal digits, 32 each, and the first letters
--   of the outcomes; and whether hosts were told.
-- Locks: as insert_unique.sql. Index: as insert_unique.sql.
-- Run by: applications.
WITH given AS MATERIALIZED (
    SELECT coalesce(
        %(run_at)s::pg_catalog.timestamptz,
        pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s::pg_catalog.float8)
    ) AS run_at
),
taken AS MATERIALIZED (
    SELECT t.job_ids, t.outcomes, g.run_at
    FROM given AS g
    CROSS JOIN LATERAL {schema}.take_uniques(
        %(unique_keys)s::pg_catalog.bytea[], %(ids)s::pg_catalog.uuid[], %(until_start)s::pg_catalog.bool,
        %(within)s::pg_catalog.float8, %(on_conflict)s::pg_catalog.text,
        CASE WHEN %(replacing)s::pg_catalog.bool THEN %(payload)s::pg_catalog.jsonb[] END,
        %(priority)s::pg_catalog.int2, g.run_at, %(max_retries)s::pg_catalog.int4, %(most)s::pg_catalog.float8
    ) AS t
),
stored AS (
    INSERT INTO {schema}.live AS l (id, run_at, unique_key, {given})
    SELECT g.id, t.run_at, g.unique_key, {given_alike:g}
    FROM taken AS t
    CROSS JOIN LATERAL ROWS FROM (
        pg_catalog.unnest(t.job_ids), pg_catalog.unnest(t.outcomes), pg_catalog.unnest(%(unique_keys)s::pg_catalog.bytea[]),
        pg_catalog.unnest(%(payload)s::pg_catalog.jsonb[])
    ) AS g (id, outcome, unique_key, payload)
    WHERE g.outcome OPERATOR(pg_catalog.=) 'new' AND NOT (
        %(on_conflict)s::pg_catalog.text OPERATOR(pg_catalog.=) 'raise' AND 'kept' OPERATOR(pg_catalog.=) ANY (t.outcomes)
    )
    RETURNING l.queue, l.run_at
),
together AS (
    SELECT pg_catalog.array_agg(s.queue) AS queues, pg_catalog.array_agg(s.run_at) AS run_ats FROM stored AS s
)
SELECT
    (
        SELECT pg_catalog.encode(pg_catalog.string_agg(pg_catalog.uuid_send(o.id), ''::pg_catalog.bytea ORDER BY o.place), 'hex')
        FROM pg_catalog.unnest(t.job_ids) WITH ORDINALITY AS o (id, place)
    ) AS ids,
    (
        SELECT pg_catalog.string_agg(pg_catalog.left(o.outcome, 1), '' ORDER BY o.place)
        FROM pg_catalog.unnest(t.outcomes) WITH ORDINALITY AS o (outcome, place)
    ) AS outcomes,
    (
        SELECT CASE WHEN m.queues IS NOT NULL AND {schema}.any_host_idle()
            THEN {schema}.notify_many(m.queues, m.run_ats) END
        FROM together AS m
    ) AS told
FROM taken AS t
