-- The jobs of one claim statement, a row each with the payload as text: for a batch whose JSON as a whole could not
-- be read, so that one strange payload fails its own job and no other. Rare: it scans the live table.
-- Parameters: worker_id, token, most_bytes (payloads that claim.sql leaves out are null). Locks: none. Index: none.
-- Run by: workers.
SELECT
    l.id::text, l.fence, left(l.job_type, 201),
    CASE WHEN pg_column_size(l.payload)::bigint
            * CASE coalesce(pg_column_compression(l.payload), '') WHEN '' THEN 1 WHEN 'pglz' THEN 90 WHEN 'lz4' THEN 260 END
            <= %(most_bytes)s THEN l.payload::text END,
    l.attempts, l.max_retries, l.queue, l.priority, left(l.trace_id, 200)
FROM {schema}.live AS l
WHERE l.worker_id = %(worker_id)s AND l.token = %(token)s
ORDER BY l.priority, l.run_at, l.id
