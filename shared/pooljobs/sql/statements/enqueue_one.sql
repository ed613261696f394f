-- Enqueues one job through the published function, which fills in what is null from the type's declaration.
-- Parameters: job_type, payload, queue, priority, delay (seconds, null: none), run_at (null: none), max_retries, trace_id, tags
-- and meta (null: none).
-- Returns the id.
-- Locks: the new row. Index: live_pkey and live_claim, job_types_pkey.
-- Run by: the command line.
SELECT {schema}.enqueue(
    %(job_type)s, %(payload)s::jsonb, queue => %(queue)s, priority => %(priority)s,
    delay => make_interval(secs => %(delay)s), run_at => %(run_at)s::timestamptz, max_retries => %(max_retries)s, trace_id => %(trace_id)s,
    tags => %(tags)s::text[], meta => %(meta)s::jsonb
)
