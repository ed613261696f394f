-- Finds the workers of other fleets whose processes can be looked for here: the same boot of the same host, and the same
-- namespace of process numbers. Parameters: fleet, host, boot_id, pid_namespace (as in renew_fleet.sql; a null finds none).
-- Returns id and pid of each that counts as living. Locks: none. Index: fleets_pkey; none of workers, which is small.
-- Run by: the steward.
SELECT w.id, w.pid
FROM {schema}.workers AS w
JOIN {schema}.fleets AS f ON f.id BETWEEN w.fleet AND w.fleet
WHERE w.dead_at IS NULL
  AND w.fleet <> %(fleet)s
  AND f.host = %(host)s AND f.boot_id = %(boot_id)s AND f.pid_namespace = %(pid_namespace)s
