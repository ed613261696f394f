-- Enters a worker with its first lease. Parameters: fleet, code (which of the fleet's declarations are its own), host,
-- pid, ordinal, queues text[], job_timeout (seconds). Returns the worker's id, never used before.
-- Locks: the new row. Index: none.
INSERT INTO {schema}.workers (fleet, code, host, pid, ordinal, queues, job_timeout, leased_until)
VALUES (
    %(fleet)s, %(code)s, %(host)s, %(pid)s, %(ordinal)s, %(queues)s,
    make_interval(secs => %(job_timeout)s), now() + make_interval(secs => %(job_timeout)s)
)
RETURNING id
