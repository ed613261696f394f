-- Completes one running job inside the handler's own transaction, so that its effects and its completion commit
-- together or not at all. Parameters: id, fence, token, started_ago. Returns a row if the claim still owns the job.
-- Locks: the job's row. Index: live_pkey.
WITH ended AS (
    DELETE FROM {schema}.live AS l
    WHERE l.id = %(id)s AND l.fence = %(fence)s AND l.token = %(token)s
    RETURNING l.*
)
INSERT INTO {schema}.history (
    run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
)
SELECT
    e.run_at, now() - make_interval(secs => %(started_ago)s), now(), e.worker_id, e.max_retries, e.attempts + 1, e.crashes, e.losses,
    'completed', e.last_error, {carried:e}
FROM ended AS e
RETURNING id
