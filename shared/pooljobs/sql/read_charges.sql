-- What is needed to settle jobs whose worker died: their counters and their type's retry policy.
-- Parameters: ids uuid[]. Returns id, attempts, crashes, max_retries, retry_policy, retry_delay_secs (the last two null
-- for a type nobody published). Locks: none. Index: live_pkey, job_types_pkey.
SELECT l.id, l.attempts, l.crashes, l.max_retries, t.retry_policy, t.retry_delay_secs
FROM {schema}.live AS l
LEFT JOIN {schema}.job_types AS t USING (job_type)
WHERE l.id = ANY (%(ids)s::uuid[])
