-- Where workers run, or ran: tombstones stay for a day. Parameters: worker_ids bigint[]. Returns id, host, pid, ordinal.
-- Locks: none. Index: workers_pkey.
-- Run by: the command line.
SELECT w.id, w.host, w.pid, w.ordinal FROM {schema}.workers AS w WHERE w.id = ANY (%(worker_ids)s::bigint[])
