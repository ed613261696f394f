-- Says that a host sleeps from now on, for some seconds: an enqueue of a job due within them notifies it. Said again
-- before they have passed it is a renewal. The sleeper then runs look_for_work.sql until that is `settled`.
-- Parameters: fleet, queues text[], seconds. Returns nothing.
-- Locks: the host's own rows. Index: idle_hosts_pkey; an update is HOT. Commits without waiting for the disk: after a
--   crash of the server the host says it again on its new connection.
-- Run by: the steward.
INSERT INTO {schema}.idle_hosts AS s (queue, fleet, idle_until)
SELECT q.queue, %(fleet)s, now() + make_interval(secs => %(seconds)s)
FROM unnest(%(queues)s::text[]) AS q (queue), set_config('synchronous_commit', 'off', true)
ORDER BY q.queue
ON CONFLICT (queue, fleet) DO UPDATE SET idle_until = excluded.idle_until
