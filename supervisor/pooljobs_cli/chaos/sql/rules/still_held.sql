-- Held by a worker, although all have left. Returns job ids. Locks: none. Index: none.
SELECT l.id AS job_id FROM {schema}.live AS l WHERE l.worker_id IS NOT NULL
