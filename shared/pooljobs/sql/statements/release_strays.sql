-- Gives back jobs that a living worker holds without knowing it, at no cost to them. A row counts only while id, fence
-- and token match, so that one which was settled or claimed again meanwhile is left alone.
-- Parameters: ids uuid[], fences bigint[], tokens bigint[]. Returns the number of jobs given back.
-- Locks: the released rows, in the order of their ids. Index: live_pkey.
-- Run by: the steward.
WITH strays AS MATERIALIZED (
    SELECT l.id
    FROM {schema}.live AS l
    JOIN unnest(%(ids)s::uuid[], %(fences)s::bigint[], %(tokens)s::bigint[]) AS s (id, fence, token)
        ON l.id BETWEEN s.id AND s.id AND l.fence = s.fence AND l.token = s.token
    ORDER BY s.id
    FOR UPDATE OF l
),
released AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL, token = NULL, started_at = NULL, start_recorded = NULL
    FROM strays
    WHERE l.id BETWEEN strays.id AND strays.id
    RETURNING l.id
)
SELECT count(*) FROM released
