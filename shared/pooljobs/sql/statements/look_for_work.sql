-- Tells a host whose workers idle what there is for them: how many jobs are due, and when the next one will be.
--
-- After mark_host_idle.sql it also closes the gap that the gate has: a transaction which read `idle_hosts` before that was
-- committed, and so does not notify, may commit its jobs later. It had its number already, since it inserts first. The
-- first look takes a number too, its `mark`, which is higher; so a later look whose xmin has reached the mark sees the
-- jobs of all those transactions. (The first look's own xmax is no mark: it need not reach a number that was given
-- between the one of mark_host_idle.sql and its commit.)
--
-- Parameters: queues text[], most (of each lane: one priority level of one queue), marking boolean, since timestamptz
--   (jobs due earlier are not looked at: the one that the last look returned, or -infinity for a full look).
-- Returns one row: due (to `most` of each lane), next_in (seconds, null: nothing is to come), xmin, mark (null: not
--   asked for), since (text: what is due, or a second before now: what an enqueue still under way may be due at).
-- Locks: none. Index: live_claim, a short scan of each lane from there, past what runs.
SELECT
    count(*) FILTER (WHERE l.run_at <= now()) AS due,
    extract(epoch FROM min(l.run_at) FILTER (WHERE l.run_at > now()) - now())::float8 AS next_in,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
    CASE WHEN %(marking)s THEN pg_current_xact_id()::text::bigint END AS mark,
    least(min(l.run_at), now() - interval '1 second')::text AS since
FROM unnest(%(queues)s::text[]) AS q (queue)
CROSS JOIN generate_series(-4, 4) AS level
CROSS JOIN LATERAL (
    SELECT p.run_at
    FROM {schema}.live AS p
    WHERE p.queue = q.queue AND p.priority = level::smallint AND p.worker_id IS NULL
      AND p.run_at >= %(since)s::timestamptz
      AND p.queue <> ''  -- of every job: without it live_claim is not to be had
    ORDER BY p.run_at, p.id
    LIMIT %(most)s
) AS l
