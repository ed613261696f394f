-- What is needed to settle jobs whose worker died: their type, their counters, whether they were to run alone, and the
-- retry policy that the worker's own code declared for their type, or failing that the last one declared at all.
-- Parameters: ids uuid[]. Returns id, job_type, attempts, crashes, max_retries, retry_policy, retry_delay_secs (these
-- two null for a type nobody published), suspect, queue, trace_id.
-- Locks: none. Index: live_pkey, workers_pkey, declarations_pkey, job_types_pkey.
-- Run by: the steward.
SELECT l.id, left(l.job_type, 201), l.attempts, l.crashes, l.max_retries,
    coalesce(d.retry_policy, t.retry_policy), coalesce(d.retry_delay_secs, t.retry_delay_secs), l.suspect IS TRUE AS suspect,
    l.queue, left(l.trace_id, 200)
FROM {schema}.live AS l
LEFT JOIN {schema}.workers AS w ON w.id BETWEEN l.worker_id AND l.worker_id
LEFT JOIN LATERAL (
    SELECT d.retry_policy, d.retry_delay_secs
    FROM {schema}.declarations AS d
    WHERE d.fleet = w.fleet AND d.code = w.code AND d.job_type = l.job_type
    LIMIT 1
) AS d ON true
LEFT JOIN {schema}.job_types AS t ON t.job_type BETWEEN l.job_type AND l.job_type
WHERE l.id = ANY (%(ids)s::uuid[])
