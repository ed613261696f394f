-- Tells a host whose workers idle what there is for them: how many jobs are due, and when the next one will be.
--
-- After mark_host_idle.sql it also closes the gap that the gate has: a transaction which read `idle_hosts` before that was
-- committed, and so does not notify, may commit its jobs later. It had its number already, since it inserts first. The
-- first look takes a number too, its `mark`, which is higher; so a later look whose xmin has reached the mark sees the
-- jobs of all those transactions. (The first look's own xmax is no mark: it need not reach a number that was given
-- between the one of mark_host_idle.sql and its commit.)
--
-- Parameters: queues text[], most (of each lane: one priority level of one queue), marking boolean, since timestamptz
--   (jobs due earlier are not looked at: the one that the last look returned, or -infinity for a full look). {pass_over} is empty, or
--   pass_over.sql: where the host has met jobs that none of its workers knows.
-- Returns one row: due (to `most` of each lane), next_in (seconds, null: nothing is to come), xmin, mark (null: not
--   asked for), since (text: what is due, or a second before now: what an enqueue still under way may be due at).
-- Locks: none. Index: live_claim, a short scan of each lane from there, past what runs.
-- Run by: the steward.
SELECT
    count(*) FILTER (WHERE found.run_at <= now()) AS due,
    date_part('epoch', min(found.run_at) FILTER (WHERE found.run_at > now())) - date_part('epoch', now()) AS next_in,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin,
    CASE WHEN %(marking)s THEN pg_current_xact_id()::text::bigint END AS mark,
    least(min(found.run_at), now() - interval '1 second')::text AS since
FROM unnest(%(queues)s::text[]) AS q (queue)
CROSS JOIN LATERAL generate_series(
    CASE
        WHEN cardinality(%(queues)s::text[]) < 10 THEN -4
        ELSE (  -- of many queues most may hold nothing: one look finds the first level that holds anything
            SELECT l.priority
            FROM {schema}.live AS l
            WHERE l.queue = q.queue AND l.worker_id IS NULL AND l.queue <> ''
            ORDER BY l.priority, l.run_at, l.id
            LIMIT 1
        )
    END,
    4
) AS level
CROSS JOIN LATERAL (
    SELECT l.run_at
    FROM {schema}.live AS l
    WHERE l.queue = q.queue AND l.priority = level::smallint AND l.worker_id IS NULL
      AND l.run_at >= %(since)s::timestamptz
      AND l.queue <> ''  -- of every job: without it live_claim is not to be had
      {pass_over}
    ORDER BY l.run_at, l.id
    LIMIT %(most)s
) AS found
