-- Names the queue of the job that a test's drain is to claim next: the first of all due ones by
-- priority, then by time, that is not paused. No parameters. Returns it, or no row where nothing is due.
-- Locks: that row, while the statement runs; what others have locked is skipped, as the claim skips it.
-- Index: none; a test's database holds few jobs.
SELECT l.queue
FROM {schema}.live AS l
WHERE l.worker_id IS NULL AND l.run_at <= now()
  AND NOT EXISTS (SELECT FROM {schema}.pauses AS p WHERE (p.kind, p.name) IN (('queue', l.queue), ('type', l.job_type)))
ORDER BY l.priority, l.run_at, l.id
LIMIT 1
FOR UPDATE SKIP LOCKED
