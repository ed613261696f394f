-- Everything known of the jobs whose ids lie in a range: of one job, or of those that share the start of an id.
-- Parameters: first uuid, last uuid, limit. Returns the view's columns, and of a running job its worker's host, pid
-- and ordinal. Locks: none. Index: live_pkey; history_id in each partition.
SELECT j.*, w.host AS worker_host, w.pid AS worker_pid, w.ordinal AS worker_ordinal
FROM {schema}.jobs AS j
LEFT JOIN {schema}.workers AS w ON w.id = j.worker_id
WHERE j.id BETWEEN %(first)s::uuid AND %(last)s::uuid
ORDER BY j.id
LIMIT %(limit)s
