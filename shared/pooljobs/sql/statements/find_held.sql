-- What workers of this host hold by the database's word, but for claims so fresh that they may be on their way.
-- Parameters: worker_ids bigint[], least_age (seconds). Returns worker_id, id, fence, token of each job.
-- Locks: none. Index: none (a scan of the live table, paced by what it costs).
-- Run by: the steward.
SELECT l.worker_id, l.id, l.fence, l.token
FROM {schema}.live AS l
WHERE l.worker_id = ANY (%(worker_ids)s::bigint[])
  AND l.started_at <= now() - make_interval(secs => %(least_age)s)
