-- Every job type that was ever declared, if this one is not among them; and the queue of this one. Parameters: job_type.
-- Returns one row: their names, null where it is; its queue, null where it is not.
-- Locks: none. Index: job_types_pkey for the one; none for all.
-- Run by: the command line.
SELECT CASE WHEN t.job_type IS NULL THEN ARRAY(SELECT n.job_type FROM {schema}.job_types AS n) END, t.queue
FROM (SELECT 1) AS one
LEFT JOIN {schema}.job_types AS t ON t.job_type = %(job_type)s::text
