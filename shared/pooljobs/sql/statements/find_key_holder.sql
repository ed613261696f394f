-- Which other job has the key of a unique job that has ended. Parameters: id. Returns its id, if there is one.
-- Locks: none. Index: history_id in each partition, uniques_pkey.
-- Run by: the command line.
SELECT u.job_id
FROM {schema}.history AS h
JOIN {schema}.uniques AS u ON u.key BETWEEN h.unique_key AND h.unique_key AND u.job_id <> h.id
WHERE h.id = %(id)s::uuid
