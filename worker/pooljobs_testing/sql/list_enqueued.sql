-- Lists the jobs of a test's database, those that have ended too, in the order of their enqueueing.
-- No parameters. Returns: id, job_type, queue, payload (JSON text), status, priority, run_at, delay (until it is to run,
-- from its enqueueing on: an interval), max_retries, trace_id, attempts, tags and meta (JSON texts).
-- Locks: none. Index: none.
SELECT
    j.id, j.job_type, j.queue, j.payload::text AS payload, j.status AS state, j.priority::integer AS priority, j.run_at,
    CASE WHEN isfinite(j.run_at) THEN j.run_at - j.created_at END AS delay, j.max_retries, j.trace_id, j.attempts,
    j.tags::text AS tags, j.meta::text AS meta
FROM {schema}.jobs AS j
ORDER BY j.created_at, j.id
