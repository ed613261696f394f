-- Enqueues one job. Parameters: those of a job; a null run_at means now() plus the delay in seconds, by the database's
-- clock. Returns the id. Locks: the new row. Index: live_pkey and live_claim, at their right edges.
INSERT INTO {schema}.live (job_type, payload, queue, priority, max_retries, run_at, trace_id)
VALUES (
    %(job_type)s, %(payload)s::jsonb, %(queue)s, %(priority)s, %(max_retries)s,
    coalesce(%(run_at)s, now() + make_interval(secs => %(delay)s)), %(trace_id)s
)
RETURNING id
