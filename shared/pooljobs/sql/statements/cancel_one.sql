-- Cancels one job through the published function: see functions/cancel.sql for what becomes of it.
-- Parameters: job_id, reason (null: none). Returns 'cancelled', 'requested', 'ended', or null for an unknown job.
-- Locks: the pending job's row, unless somebody else has it; the row of the request. Waits for no worker.
-- Index: live_pkey, cancellations_pkey; history_id in each partition for a job that is not live.
-- Run by: applications and the command line.
SELECT {schema}.cancel(%(job_id)s::pg_catalog.uuid, %(reason)s::pg_catalog.text)
