-- Enqueues any number of jobs in one statement and one round trip. Parameters: arrays of one length; a null run_at
-- means now() plus the delay, by the database's clock. Returns the ids in the order of the arrays.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges.
WITH given AS MATERIALIZED (
    SELECT {schema}.uuid_v7() AS id, g.*
    FROM unnest(
        %(job_types)s::text[], %(payloads)s::jsonb[], %(queues)s::text[], %(priorities)s::smallint[],
        %(max_retries)s::integer[], %(delays)s::float8[], %(run_ats)s::timestamptz[], %(trace_ids)s::text[]
    ) WITH ORDINALITY AS g (job_type, payload, queue, priority, max_retries, delay, run_at, trace_id, place)
),
stored AS (
    INSERT INTO {schema}.live (id, job_type, payload, queue, priority, max_retries, run_at, trace_id)
    SELECT g.id, g.job_type, g.payload, g.queue, g.priority, g.max_retries,
        coalesce(g.run_at, now() + make_interval(secs => g.delay)), g.trace_id
    FROM given AS g
)
SELECT g.id FROM given AS g ORDER BY g.place
