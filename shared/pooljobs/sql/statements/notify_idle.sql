-- Tells hosts whose workers sleep of jobs that were just copied in. Parameters: queues text[], run_ats timestamptz[]: of
-- each queue the earliest. Returns whether somebody was told. Locks: none. Index: idle_hosts_pkey.
-- Run by: applications and the command line.
SELECT {schema}.notify_many(%(queues)s::pg_catalog.text[], %(run_ats)s::pg_catalog.timestamptz[])
