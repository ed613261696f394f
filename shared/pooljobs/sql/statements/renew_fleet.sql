-- Enters a fleet, or says that it lives for some more seconds. Said by its steward again and again, and by each of its
-- workers that registers. Parameters: fleet, host, boot_id, pid_namespace, pid, pid_started, version; seconds.
-- Returns nothing. Locks: the fleet's row. Index: fleets_pkey; an update is HOT. Commits without waiting for the disk.
-- Run by: workers and the steward.
INSERT INTO {schema}.fleets AS f (id, host, boot_id, pid_namespace, pid, pid_started, version, seen_until)
SELECT %(fleet)s, %(host)s, %(boot_id)s, %(pid_namespace)s, %(pid)s, %(pid_started)s, %(version)s,
    now() + make_interval(secs => %(seconds)s)
FROM set_config('synchronous_commit', 'off', true)
ON CONFLICT (id) DO UPDATE SET seen_until = greatest(f.seen_until, excluded.seen_until)
