-- Enqueues the jobs of several callers who came while other jobs were being stored, as insert_job.sql does one: all or
-- none. Parameters: arrays of one length, with an element a job: ids uuid[], run_ats timestamptz[] (null: now() plus the
-- delay), delays float8[] (seconds), and one for each column that an enqueue gives; early boolean.
-- Returns whether the commit is early, as insert_job.sql. Who sleeps is read when the rows are in: what is computed from
-- them comes after them.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges; idle_hosts_pkey if somebody sleeps.
-- Run by: applications and the command line.
WITH stored AS (
    INSERT INTO {schema}.live AS l (id, run_at, {given})
    SELECT
        g.id,
        coalesce(g.run_at, pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => g.delay)),
        {given:g}
    FROM ROWS FROM (
        pg_catalog.unnest(%(ids)s::pg_catalog.uuid[]),
        pg_catalog.unnest(%(run_ats)s::pg_catalog.timestamptz[]),
        pg_catalog.unnest(%(delays)s::pg_catalog.float8[]),
        {given_arrays}
    ) AS g (id, run_at, delay, {given})
    RETURNING l.queue, l.run_at
),
together AS (
    SELECT pg_catalog.array_agg(s.queue) AS queues, pg_catalog.array_agg(s.run_at) AS run_ats FROM stored AS s
)
SELECT CASE WHEN t.queues IS NOT NULL AND {schema}.any_host_idle() THEN
    CASE WHEN {schema}.notify_many(t.queues, t.run_ats) THEN
        CASE WHEN %(early)s THEN
            pg_catalog.set_config('synchronous_commit', 'off', true) OPERATOR(pg_catalog.=) 'off'
        END
    END
END AS early
FROM together AS t
