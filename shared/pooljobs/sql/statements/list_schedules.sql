-- Schedules, with how they stand. Parameters: name, null: all. Returns rows, by name; unknown: fleets live and none of them
-- declares the type; secret: fields of the payload that are. Locks: none. Index: schedules_pkey for one.
-- Run by: the command line.
SELECT
    s.name, s.app, s.job_type, s.payload, s.queue, s.priority, s.max_retries, s.cron, s.every, s.tz, s.jitter, s.catch_up,
    s.overlap, s.edited, date_part('epoch', s.next_at) AS next_at, s.last_tick, s.last_job, s.skipped_tick,
    s.paused_at, s.paused_by, s.paused_reason, s.retired_at, s.error, now() AS now,
    t.unknown, t.secret
FROM {schema}.schedules AS s
LEFT JOIN LATERAL {schema}.look_up_types(ARRAY[s.job_type]) AS t ON true
WHERE %(name)s::text IS NULL OR s.name = %(name)s
ORDER BY s.name
