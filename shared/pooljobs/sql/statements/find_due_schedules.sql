-- Locks the schedules that are due, by the database's clock; those that another steward has locked are his.
-- Parameters: most. Returns their names and rules, the next tick and the clock as seconds since 1970: what somebody wrote by
-- hand may be beyond what a datetime holds.
-- Locks: those rows, until the tick's end; SKIP LOCKED. Index: schedules_due.
-- Run by: the steward.
SELECT
    s.name, s.cron, s.every, s.tz, s.jitter, s.catch_up, s.overlap,
    date_part('epoch', s.next_at) AS next_at, date_part('epoch', now()) AS now
FROM {schema}.schedules AS s
WHERE s.due_at <= now() AND s.paused_at IS NULL AND s.retired_at IS NULL
ORDER BY s.due_at
LIMIT %(most)s
FOR UPDATE SKIP LOCKED
