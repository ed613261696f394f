-- Publishes the declarations of the job types a worker serves. Rows that say the same already are left alone, so
-- that a fleet booting together writes them once. Parameters: arrays of one length. Returns nothing.
-- Locks: the changed rows, in the order of their names. Index: job_types_pkey.
INSERT INTO {schema}.job_types AS t (job_type, queue, max_retries, retry_policy, retry_delay_secs)
SELECT g.*
FROM unnest(%(job_types)s::text[], %(queues)s::text[], %(max_retries)s::integer[], %(policies)s::text[], %(delays)s::float8[])
    AS g (job_type, queue, max_retries, retry_policy, retry_delay_secs)
ORDER BY g.job_type
ON CONFLICT (job_type) DO UPDATE
SET queue = excluded.queue, max_retries = excluded.max_retries, retry_policy = excluded.retry_policy,
    retry_delay_secs = excluded.retry_delay_secs, updated_at = now()
WHERE (t.queue, t.max_retries, t.retry_policy, t.retry_delay_secs)
    IS DISTINCT FROM (excluded.queue, excluded.max_retries, excluded.retry_policy, excluded.retry_delay_secs)
