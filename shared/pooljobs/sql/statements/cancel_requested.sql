-- Cancels those of these jobs that are pending and asked to be cancelled: they ran when it was asked, and came back.
-- Parameters: ids uuid[]. Returns the ids of those cancelled. Stewards of several hosts may do this at once.
-- Locks: the requests FOR UPDATE SKIP LOCKED in the order of their ids; the jobs' rows, skipping locked ones.
-- Index: cancellations_pkey, live_pkey.
-- Run by: the steward.
WITH asked AS MATERIALIZED (
    SELECT c.job_id, c.reason
    FROM {schema}.cancellations AS c
    WHERE c.job_id = ANY (%(ids)s::uuid[])
    ORDER BY c.job_id
    FOR UPDATE SKIP LOCKED
)
SELECT a.job_id
FROM asked AS a
WHERE {schema}.cancel_pending(a.job_id, a.reason)
