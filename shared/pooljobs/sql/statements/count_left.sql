-- What a fleet that served until its queues were empty leaves in them, for the log.
-- Parameters: queues text[], fleet. {pass_over} is empty, or pass_over.sql: jobs that none of its workers knew.
-- Returns one row: due (of those that they knew: enqueued as it ended), unknown (due, of those that they did not), refused
--   (they wait for code that takes their payload), later, next_in (seconds until the first of these is due; null: none),
--   failed (jobs that have failed for good while one of the fleet's workers held them, since the first of them started).
-- Locks: none. Index: live_claim, all of these queues once; workers from end to end; history_failed from that start on.
-- Run by: the steward.
WITH own AS MATERIALIZED (
    SELECT array_agg(w.id) AS ids, min(w.started_at) AS since FROM {schema}.workers AS w WHERE w.fleet = %(fleet)s
)
SELECT
    count(*) FILTER (WHERE l.run_at <= now() AND l.refused_since IS NULL {pass_over}) AS due,
    count(*) FILTER (WHERE l.run_at <= now() AND l.refused_since IS NULL)
        - count(*) FILTER (WHERE l.run_at <= now() AND l.refused_since IS NULL {pass_over}) AS unknown,
    count(*) FILTER (WHERE l.refused_since IS NOT NULL) AS refused,
    count(*) FILTER (WHERE l.run_at > now() AND l.refused_since IS NULL) AS later,
    date_part('epoch', min(l.run_at) FILTER (WHERE l.run_at > now() AND l.refused_since IS NULL))
        - date_part('epoch', now()) AS next_in,
    (
        SELECT count(*)
        FROM {schema}.history AS h, own
        WHERE h.status = 'failed' AND h.finished_at >= own.since AND h.worker_id = ANY (own.ids)
    ) AS failed
FROM unnest(%(queues)s::text[]) AS q (queue)
JOIN {schema}.live AS l ON l.queue = q.queue AND l.queue <> ''
