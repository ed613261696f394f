-- Writes when a schedule is due next, or why that cannot be told: then it is looked at again a minute later, and keeps its
-- tick. Parameters: name, next_at, error (one of them null). Returns nothing. Locks: that row. Index: schedules_pkey.
-- Run by: the steward.
UPDATE {schema}.schedules AS s
SET next_at = coalesce(%(next_at)s::timestamptz, s.next_at), error = %(error)s::text,
    retry_at = CASE WHEN %(error)s::text IS NOT NULL THEN now() + interval '1 minute' END
WHERE s.name = %(name)s
