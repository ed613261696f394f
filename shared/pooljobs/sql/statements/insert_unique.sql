-- Enqueues one unique job, and tells hosts whose workers sleep: where none is there whose key it is; else what is there is
-- kept, or given what this one was to have (functions/take_unique.sql).
-- Parameters: id uuid, null: made here; a null run_at means now() plus the delay in seconds; unique_key bytea, until_start boolean,
--   within float8 (null: none), on_conflict text, most float8 (null: none); those of a job; lock_timeout (null: as it is) for as
--   long as the transaction lasts.
-- Returns the id of the job that is there, and the outcome: new, kept or replaced; and whether hosts were told.
-- Locks: as take_unique; the new row. Index: uniques_pkey, live_pkey and live_claim; idle_hosts_pkey if somebody sleeps.
-- Run by: applications.
WITH given AS MATERIALIZED (
    SELECT coalesce(
        %(run_at)s::pg_catalog.timestamptz,
        pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s::pg_catalog.float8)
    ) AS run_at,
        CASE WHEN %(lock_timeout)s::pg_catalog.text IS NOT NULL
            THEN pg_catalog.set_config('lock_timeout', %(lock_timeout)s::pg_catalog.text, true) END AS lock_timeout
),
taken AS MATERIALIZED (
    SELECT t.job_id, t.outcome, g.run_at
    FROM given AS g
    CROSS JOIN LATERAL {schema}.take_unique(
        %(unique_key)s::pg_catalog.bytea, coalesce(%(id)s::pg_catalog.uuid, {schema}.uuid_v7()), %(until_start)s::pg_catalog.bool,
        %(within)s::pg_catalog.float8, %(on_conflict)s::pg_catalog.text, %(payload)s::pg_catalog.jsonb,
        %(priority)s::pg_catalog.int2, g.run_at, %(max_retries)s::pg_catalog.int4, %(most)s::pg_catalog.float8
    ) AS t
),
stored AS (
    INSERT INTO {schema}.live AS l (id, run_at, unique_key, {given})
    SELECT t.job_id, t.run_at, %(unique_key)s::pg_catalog.bytea, {given_values}
    FROM taken AS t
    WHERE t.outcome OPERATOR(pg_catalog.=) 'new'
    RETURNING l.queue, l.run_at
)
SELECT t.job_id::pg_catalog.text, t.outcome, (
    SELECT CASE WHEN {schema}.any_host_idle() THEN {schema}.notify_one(s.queue, s.run_at) END FROM stored AS s
) AS told
FROM taken AS t
