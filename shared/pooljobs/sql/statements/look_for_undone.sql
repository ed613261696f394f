-- Whether a fleet that serves until its queues are empty (serve --until-empty) has come to its end: one look, in one
-- snapshot. What a handler enqueues is committed before its job has ended: whoever sees the end sees those jobs too.
--
-- Undone is a job that is due, one that is held, by whatever fleet, and one that has begun before and is to run again within
-- some seconds: after a failure, a crash, the loss of its host, a snooze. Not so a job that is scheduled for later and never began, nor
-- one whose payload was refused, which waits for other code.
--
-- Parameters: queues text[], soon (seconds). {pass_over} is empty, or pass_over.sql: where the host has met jobs that none
--   of its workers knows, those that nobody holds are passed over.
-- Returns one row: undone (0: none; at most one of each lane is counted), held (whether one of these is), next_in (seconds
--   until the first of those is due that are not; null: none).
-- Locks: none. Index: live_claim, each lane as far as the first such job.
-- Run by: the steward.
SELECT
    count(*) AS undone,
    coalesce(bool_or(found.held), false) AS held,
    date_part('epoch', min(found.run_at) FILTER (WHERE NOT found.held AND found.run_at > now())) - date_part('epoch', now()) AS next_in
FROM unnest(%(queues)s::text[]) AS q (queue)
CROSS JOIN LATERAL generate_series(-4, 4) AS level
CROSS JOIN LATERAL (
    SELECT l.run_at, l.worker_id IS NOT NULL AS held
    FROM {schema}.live AS l
    WHERE l.queue = q.queue AND l.priority = level::smallint
      AND l.run_at <= now() + make_interval(secs => %(soon)s)
      AND l.queue <> ''  -- of every job: without it live_claim is not to be had
      AND (l.worker_id IS NOT NULL OR (
          (l.run_at <= now() OR (
              l.refused_since IS NULL
              AND (l.attempts > 0 OR l.crashes > 0 OR l.losses > 0 OR l.interruptions > 0 OR l.snoozes > 0)
          ))
          {pass_over}
      ))
    ORDER BY l.run_at, l.id
    LIMIT 1
) AS found
