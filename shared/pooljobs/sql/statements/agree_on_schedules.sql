-- Brings the declared schedules in line with what living workers declare: of several definitions that was seen first last
-- is in force. One that an application with living workers has no longer, and nobody else, is retired; while none of them
-- lives, nothing is. Times that an operator has edited stay. A stored schedule of the same name is left alone.
-- Parameters: none. Returns nothing.
-- Locks: the changed rows, in the order of their names; one that somebody has locked is left to the next look.
-- Index: none; a row for each fleet and schedule is read.
-- Run by: the steward.
WITH living AS MATERIALIZED (
    SELECT d.app, d.name, d.definition, d.first_seen
    FROM {schema}.schedule_declarations AS d
    WHERE EXISTS (
        SELECT FROM {schema}.workers AS w
        WHERE w.fleet = d.fleet AND w.code = d.code AND w.dead_at IS NULL AND w.leased_until > now()
    )
),
chosen AS MATERIALIZED (
    SELECT DISTINCT ON (l.name) l.name, l.app, l.definition
    FROM living AS l
    WHERE l.name <> ''
    ORDER BY l.name, l.first_seen DESC, l.definition
),
changed AS MATERIALIZED (
    SELECT s.name, c.name IS NULL AS is_retired
    FROM {schema}.schedules AS s
    LEFT JOIN chosen AS c ON c.name = s.name
    WHERE s.app IS NOT NULL AND CASE WHEN c.name IS NULL
        THEN s.retired_at IS NULL AND EXISTS (SELECT FROM living AS l WHERE l.app = s.app)
        ELSE s.definition IS DISTINCT FROM c.definition OR s.app IS DISTINCT FROM c.app OR s.retired_at IS NOT NULL
    END
    ORDER BY s.name
    FOR UPDATE OF s SKIP LOCKED
),
retired AS (
    UPDATE {schema}.schedules AS s
    SET retired_at = now()
    FROM changed AS h
    WHERE s.name = h.name AND h.is_retired
)
INSERT INTO {schema}.schedules AS s (name, app, definition, job_type, payload, cron, every, tz, jitter, catch_up, overlap)
SELECT
    c.name, c.app, c.definition, c.definition ->> 'job_type', c.definition -> 'payload', c.definition ->> 'cron',
    (c.definition ->> 'every')::double precision, c.definition ->> 'tz', (c.definition ->> 'jitter')::double precision,
    c.definition ->> 'catch_up', c.definition ->> 'overlap'
FROM chosen AS c
WHERE EXISTS (SELECT FROM changed AS h WHERE h.name = c.name)
   OR NOT EXISTS (SELECT FROM {schema}.schedules AS s WHERE s.name = c.name)
ORDER BY c.name
ON CONFLICT (name) DO UPDATE
SET app = excluded.app, definition = excluded.definition, job_type = excluded.job_type, payload = excluded.payload,
    cron = CASE WHEN s.edited THEN s.cron ELSE excluded.cron END,
    every = CASE WHEN s.edited THEN s.every ELSE excluded.every END,
    tz = CASE WHEN s.edited THEN s.tz ELSE excluded.tz END,
    jitter = excluded.jitter, catch_up = excluded.catch_up, overlap = excluded.overlap, retired_at = NULL
WHERE s.app IS NOT NULL AND (s.definition IS DISTINCT FROM excluded.definition OR s.app IS DISTINCT FROM excluded.app
    OR s.retired_at IS NOT NULL)
