-- What became of some jobs, through the published function: see functions/find_results.sql.
-- Parameters: ids uuid[], ended_from, ended_to (timestamptz, infinity too). Returns a row for each that there is.
-- Locks: none. Index: live_pkey; history_id in each partition.
-- Run by: applications.
SELECT f.job_id, f.job_type, f.state, f.attempts, f.finished_at, f.error, f.result, f.note, f.progress
FROM {schema}.find_results(
    %(ids)s::pg_catalog.uuid[], %(ended_from)s::pg_catalog.timestamptz, %(ended_to)s::pg_catalog.timestamptz
) AS f
