-- Every job type that was ever declared, and the queue its jobs are enqueued in. Returns: job_type, queue, by type.
-- For a shell that completes them. Parameters: limit. Locks: none. Index: none; the table has a row for each type.
-- Run by: the command line.
SELECT left(t.job_type, 200) AS job_type, left(t.queue, 200) AS queue
FROM {schema}.job_types AS t
ORDER BY t.job_type
LIMIT %(limit)s
