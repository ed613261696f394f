-- The job types that workers of a fleet declare whose code is one of these. Returns a row each.
-- Parameters: fleet, codes bigint[]. Locks: none. Index: declarations_pkey.
-- Run by: the steward.
SELECT DISTINCT d.job_type
FROM {schema}.declarations AS d
WHERE d.fleet = %(fleet)s AND d.code = ANY (%(codes)s::bigint[])
