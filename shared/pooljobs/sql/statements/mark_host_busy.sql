-- Says that a host sleeps no longer: enqueues do not notify it, since it looks for jobs by itself.
-- Parameters: fleet. Returns nothing. Locks: the host's own rows. Index: none, the table is small; the update is HOT.
-- Run by: the steward.
UPDATE {schema}.idle_hosts AS s
SET idle_until = '-infinity'
FROM set_config('synchronous_commit', 'off', true)
WHERE s.fleet = %(fleet)s AND s.idle_until > '-infinity'
