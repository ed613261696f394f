-- Says that a host sleeps from now on, for some seconds: an enqueue of a job due within them notifies it. Said again
-- before they have passed it is a renewal. The sleeper then runs look_for_work.sql until that is `settled`.
-- Not while the server's queue of notifications is half full: soon enqueues would not notify (functions/may_notify.sql).
-- Parameters: fleet, queues text[], seconds. Returns whether it could be said.
-- Locks: the host's own rows. Index: idle_hosts_pkey; an update is HOT. Commits without waiting for the disk: after a
--   crash of the server the host says it again on its new connection.
-- Run by: the steward.
WITH room AS MATERIALIZED (SELECT pg_notification_queue_usage() < 0.5 AS enough),
said AS (
    INSERT INTO {schema}.idle_hosts AS s (queue, fleet, idle_until)
    SELECT q.queue, %(fleet)s, now() + make_interval(secs => %(seconds)s)
    FROM room AS r, unnest(%(queues)s::text[]) AS q (queue), set_config('synchronous_commit', 'off', true)
    WHERE r.enough
    ORDER BY q.queue
    ON CONFLICT (queue, fleet) DO UPDATE SET idle_until = excluded.idle_until
)
SELECT r.enough FROM room AS r
