-- Enqueues the job of one tick of a schedule that the transaction has locked, unless it is not to run beside the one before.
-- Parameters: name, tick, run_at, trace_id. Returns the job's id, null where the tick was skipped.
-- Locks: the new job, the schedule. Index: schedules_pkey, live_pkey; those of an enqueue.
-- Run by: the steward.
WITH enqueued AS (
    SELECT {schema}.enqueue(
        s.job_type, s.payload, queue => s.queue, priority => s.priority, run_at => %(run_at)s, max_retries => s.max_retries,
        trace_id => %(trace_id)s
    ) AS id
    FROM {schema}.schedules AS s
    WHERE s.name = %(name)s
      AND (s.overlap = 'allow' OR NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.id BETWEEN s.last_job AND s.last_job))
)
UPDATE {schema}.schedules AS s
SET last_tick = CASE WHEN e.id IS NULL THEN s.last_tick ELSE %(tick)s END, last_job = coalesce(e.id, s.last_job),
    skipped_tick = CASE WHEN e.id IS NULL THEN %(tick)s ELSE s.skipped_tick END
FROM (SELECT 1) AS one LEFT JOIN enqueued AS e ON true
WHERE s.name = %(name)s
RETURNING e.id
