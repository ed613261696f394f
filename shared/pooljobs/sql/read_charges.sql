-- What is needed to settle jobs whose worker died: their counters, whether they were to run alone, and their type's
-- retry policy.
-- Parameters: ids uuid[]. Returns id, attempts, crashes, max_retries, retry_policy, retry_delay_secs (these two null for a
-- type nobody published), suspect. Locks: none. Index: live_pkey, job_types_pkey.
SELECT l.id, l.attempts, l.crashes, l.max_retries, t.retry_policy, t.retry_delay_secs, l.suspect IS TRUE AS suspect
FROM {schema}.live AS l
LEFT JOIN {schema}.job_types AS t USING (job_type)
WHERE l.id = ANY (%(ids)s::uuid[])
