-- Completes one running job inside the handler's own transaction, so that its effects and its completion commit
-- together or not at all. Parameters: id, fence, token, started_ago. Returns a row if the claim still owns the job.
-- Locks: the job's row. Index: live_pkey.
WITH ended AS (
    DELETE FROM {schema}.live AS l
    WHERE l.id = %(id)s AND l.fence = %(fence)s AND l.token = %(token)s
    RETURNING l.*
)
INSERT INTO {schema}.history (
    id, run_at, created_at, started_at, finished_at, worker_id, fence, max_retries, attempts, crashes, losses,
    priority, status, queue, job_type, trace_id, last_error, payload, interruptions
)
SELECT
    e.id, e.run_at, e.created_at, now() - make_interval(secs => %(started_ago)s), now(), e.worker_id, e.fence,
    e.max_retries, e.attempts + 1, e.crashes, e.losses, e.priority, 'completed', e.queue, e.job_type, e.trace_id,
    e.last_error, e.payload, e.interruptions
FROM ended AS e
RETURNING id
