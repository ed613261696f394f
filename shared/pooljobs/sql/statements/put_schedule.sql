-- Stores a schedule through the published function. Parameters: name, job_type, payload, cron, every (seconds, or null), tz,
-- queue, priority, max_retries, jitter (seconds), catch_up, overlap. Returns whether it is new. Locks: its row.
-- Index: schedules_pkey.
-- Run by: applications and the command line.
SELECT {schema}.schedule(
    %(name)s, %(job_type)s, %(payload)s::pg_catalog.jsonb, cron => %(cron)s,
    every => pg_catalog.make_interval(secs => %(every)s), tz => %(tz)s, queue => %(queue)s, priority => %(priority)s,
    max_retries => %(max_retries)s, jitter => pg_catalog.make_interval(secs => %(jitter)s), catch_up => %(catch_up)s,
    overlap => %(overlap)s
)
