-- Deletes requests whose jobs have ended. Where a job was cancelled and a reason was given, the reason goes into its
-- last_error, behind the first line: who cancelled it (a worker, a steward) did not know it.
-- Parameters: ids uuid[], since timestamptz (the earliest of these requests: older partitions are not looked at).
-- Returns nothing. Locks: the requests FOR UPDATE SKIP LOCKED in the order of their ids; the changed rows of history.
-- Index: cancellations_pkey, live_pkey; history_id in the partitions since then.
-- Run by: the steward.
WITH ended AS MATERIALIZED (
    SELECT c.job_id, left(c.reason, 1000) AS reason
    FROM {schema}.cancellations AS c
    WHERE c.job_id = ANY (%(ids)s::uuid[])
      AND NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.id BETWEEN c.job_id AND c.job_id)
    ORDER BY c.job_id
    FOR UPDATE OF c SKIP LOCKED
),
explained AS (
    UPDATE {schema}.history AS h
    SET last_error = coalesce(split_part(left(h.last_error, 8192), E'\n', 1), 'cancelled') || ': ' || e.reason
        || coalesce(substr(left(h.last_error, 8192), length(split_part(left(h.last_error, 8192), E'\n', 1)) + 1), '')
    FROM ended AS e
    WHERE e.reason IS NOT NULL
      AND h.id BETWEEN e.job_id AND e.job_id
      AND h.status = 'cancelled'
      AND h.finished_at >= %(since)s::timestamptz
)
DELETE FROM {schema}.cancellations AS c
USING ended AS e
WHERE c.job_id BETWEEN e.job_id AND e.job_id
