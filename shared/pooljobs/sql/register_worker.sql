-- Enters a worker with its first lease. Parameters: host, pid, ordinal, queues text[], job_timeout (seconds).
-- Returns the worker's id, never used before. Locks: the new row. Index: none.
INSERT INTO {schema}.workers (host, pid, ordinal, queues, job_timeout, leased_until)
VALUES (
    %(host)s, %(pid)s, %(ordinal)s, %(queues)s,
    make_interval(secs => %(job_timeout)s), now() + make_interval(secs => %(job_timeout)s)
)
RETURNING id
