-- How many living workers serve each queue. Living is who would not be reaped (reap_workers.sql): a host that was lost
-- counts until its leases have run out.
-- Parameters: queues text[] (null: all). Returns a row for each queue that anybody serves, its name cut as count_jobs.sql does.
-- Locks: none. Index: none, the table is small.
-- Run by: the command line.
SELECT left(q.queue, 201) AS queue, count(DISTINCT w.id) AS workers
FROM {schema}.workers AS w
CROSS JOIN LATERAL unnest(w.queues) AS q (queue)
WHERE w.dead_at IS NULL
  AND greatest(w.leased_until, pg_postmaster_start_time() + w.job_timeout) > now()
  AND (%(queues)s::text[] IS NULL OR left(q.queue, 201) = ANY (%(queues)s::text[]))
  AND q.queue IS NOT NULL
GROUP BY 1
