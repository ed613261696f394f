-- Has a process told of the end of some jobs: see functions/wait_for.sql.
-- Parameters: ids uuid[], waiter, seconds (0: not any more). Returns a row with nothing.
-- Locks: the process's own rows of waiters. Index: waiters_pkey.
-- Run by: applications.
SELECT {schema}.wait_for(%(ids)s::pg_catalog.uuid[], %(waiter)s::pg_catalog.int8, %(seconds)s::pg_catalog.float8)
