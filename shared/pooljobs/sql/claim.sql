-- Claims up to %(limit)s due jobs for one worker, lane by lane, and returns them in one row of JSON.
--
-- A lane is one priority level of one queue: equality on both lets the index give the jobs in order, so that a claim
-- costs the batch and not the backlog, and what is scheduled for tomorrow at a high priority is never walked over.
-- Lanes are visited in the order of the arrays. Each has a floor, the key its scan starts at, past the dead index
-- entries that claims and settlements leave behind until the next vacuum. A null priority stands for all levels of the
-- queue, in order: a hundred queues are swept by a hundred entries and not by nine hundred.
--
-- Parameters: worker_id, token, limit, and an element for each lane in queues text[], priorities smallint[] (null: all),
--   floor_times timestamptz[], floor_ids uuid[].
-- Returns: alive (0: this worker is unknown, dead or past its lease, and claims nothing), jobs (JSON array, in the
--   order in which to run them, or null), floors (JSON array of [queue, priority, run_at, id]: each lane's first),
--   careful (JSON array of [id, suspect, losses], of the jobs that are suspects or that hosts were lost with, or null).
-- Locks: the worker's row FOR KEY SHARE, so that it cannot be reaped meanwhile; the claimed rows FOR UPDATE.
-- Index: live_claim, then live_pkey. The update is HOT. Commits without waiting for the disk: a claim lost in a
--   server crash is a job that is still pending, and the token keeps the old worker from settling it.
WITH worker AS MATERIALIZED (
    SELECT w.id
    FROM {schema}.workers AS w, set_config('synchronous_commit', 'off', true)
    WHERE w.id = %(worker_id)s
      AND w.dead_at IS NULL
      AND greatest(w.leased_until, pg_postmaster_start_time() + w.job_timeout) > now()
    FOR KEY SHARE OF w
),
picked AS MATERIALIZED (
    SELECT due.id
    FROM worker
    CROSS JOIN unnest(%(queues)s::text[], %(priorities)s::smallint[], %(floor_times)s::timestamptz[], %(floor_ids)s::uuid[])
        AS lane (queue, priority, floor_time, floor_id)
    CROSS JOIN LATERAL generate_series(coalesce(lane.priority, -4), coalesce(lane.priority, 4)) AS level
    CROSS JOIN LATERAL (
        SELECT l.id
        FROM {schema}.live AS l
        WHERE l.queue = lane.queue
          AND l.priority = level::smallint
          AND l.run_at <= now()
          AND (l.run_at, l.id) >= (lane.floor_time, lane.floor_id)
          AND l.worker_id IS NULL
        ORDER BY l.run_at, l.id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS due
    LIMIT %(limit)s
),
claimed AS (
    UPDATE {schema}.live AS l
    SET worker_id = %(worker_id)s, token = %(token)s, fence = l.fence + 1, started_at = now()
    FROM picked
    WHERE l.id = picked.id
    RETURNING l.id, l.fence, l.job_type, l.payload, l.attempts, l.max_retries, l.queue, l.priority, l.trace_id, l.run_at,
        l.suspect, l.losses
)
SELECT
    (SELECT count(*) FROM worker) AS alive,
    batch.jobs::text AS jobs,
    (SELECT json_agg(json_build_array(f.queue, f.priority, f.run_at, f.id))::text FROM (
        SELECT DISTINCT ON (c.queue, c.priority) c.queue, c.priority, c.run_at, c.id
        FROM claimed AS c ORDER BY c.queue, c.priority, c.run_at, c.id) AS f) AS floors,
    batch.careful::text AS careful
FROM (
    SELECT
        json_agg(
            json_build_array(c.id, c.fence, c.job_type, c.payload, c.attempts, c.max_retries, c.queue, c.priority, c.trace_id)
            ORDER BY c.priority, c.run_at, c.id) AS jobs,
        json_agg(json_build_array(c.id, c.suspect IS TRUE, c.losses)) FILTER (WHERE c.suspect OR c.losses > 0) AS careful
    FROM claimed AS c
) AS batch
