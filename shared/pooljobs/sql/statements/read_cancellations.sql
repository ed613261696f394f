-- What is asked to be cancelled, and where each of these jobs is now. Parameters: none.
-- Returns a row a request: job_id, since (when the earliest was made of those whose jobs have ended, in each row: a text, since
-- it may be a time that Python does not have), live (false: it has ended), token of its claim (null: it is pending).
-- Locks: none. Index: cancellations_pkey, live_pkey. The table is empty most of the time, and so this costs nothing.
-- Run by: the steward.
SELECT c.job_id, (min(c.requested_at) FILTER (WHERE l.id IS NULL) OVER ())::text AS since, l.id IS NOT NULL AS live, l.token
FROM {schema}.cancellations AS c
LEFT JOIN {schema}.live AS l ON l.id BETWEEN c.job_id AND c.job_id
ORDER BY c.job_id
