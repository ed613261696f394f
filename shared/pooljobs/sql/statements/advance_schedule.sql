-- Writes when a schedule is due next, or why that cannot be told: then it is looked at again later, and keeps its tick.
-- Parameters: name; next_at, or error and pause (seconds until that look), the others null. Returns nothing.
-- Locks: that row. Index: schedules_pkey.
-- Run by: the steward.
UPDATE {schema}.schedules AS s
SET next_at = coalesce(%(next_at)s::timestamptz, s.next_at), error = %(error)s::text,
    retry_at = now() + make_interval(secs => %(pause)s::double precision)
WHERE s.name = %(name)s
