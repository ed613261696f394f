-- Enters a worker with its first lease. Done again, where an answer was lost, it changes nothing.
-- Parameters: id (63 random bits that the worker has made: a sequence is set back where a failover or a restore loses
--   registrations, and would give an id twice), fleet, code (which of the fleet's declarations are its own), host, pid,
--   ordinal, queues text[], job_timeout (seconds).
-- Locks: the new row. Index: workers_pkey.
-- Run by: workers.
INSERT INTO {schema}.workers (id, fleet, code, host, pid, ordinal, queues, job_timeout, leased_until)
OVERRIDING SYSTEM VALUE
VALUES (
    %(id)s, %(fleet)s, %(code)s, %(host)s, %(pid)s, %(ordinal)s, %(queues)s,
    make_interval(secs => %(job_timeout)s), now() + make_interval(secs => %(job_timeout)s)
)
ON CONFLICT (id) DO NOTHING
