-- Takes the keys of many unique jobs of one rule, before those whose keys are free are stored by copy_unique_jobs.sql in the
-- same transaction.
-- Parameters: unique_keys bytea[], each once, and arrays of that length: ids uuid[], payload jsonb[] (null unless jobs that
--   are there may be replaced); of all of them: run_at (null: now() plus the delay), delay (seconds), until_start, within,
--   on_conflict, most, priority, max_retries.
-- Returns of the jobs in their order the ids of those that are there, in hexadecimal digits, 32 each, and the first letters
--   of the outcomes; both null where all are new.
-- Locks: as functions/take_unique.sql. Index: uniques_pkey, live_pkey; history_id where a period is not past.
-- Run by: applications.
WITH taken AS MATERIALIZED (
    SELECT t.job_ids, t.outcomes
    FROM {schema}.take_uniques(
        %(unique_keys)s::pg_catalog.bytea[], %(ids)s::pg_catalog.uuid[], %(until_start)s::pg_catalog.bool,
        %(within)s::pg_catalog.float8, %(on_conflict)s::pg_catalog.text, %(payload)s::pg_catalog.jsonb[],
        %(priority)s::pg_catalog.int2, coalesce(
            %(run_at)s::pg_catalog.timestamptz,
            pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s::pg_catalog.float8)
        ), %(max_retries)s::pg_catalog.int4, %(most)s::pg_catalog.float8
    ) AS t
    WHERE 'new' OPERATOR(pg_catalog.<>) ANY (t.outcomes)
)
SELECT
    (
        SELECT pg_catalog.encode(pg_catalog.string_agg(pg_catalog.uuid_send(o.id), ''::pg_catalog.bytea ORDER BY o.place), 'hex')
        FROM pg_catalog.unnest(t.job_ids) WITH ORDINALITY AS o (id, place)
    ) AS ids,
    (
        SELECT pg_catalog.string_agg(pg_catalog.left(o.outcome, 1), '' ORDER BY o.place)
        FROM pg_catalog.unnest(t.outcomes) WITH ORDINALITY AS o (outcome, place)
    ) AS outcomes
FROM (SELECT 1) AS one LEFT JOIN taken AS t ON true
