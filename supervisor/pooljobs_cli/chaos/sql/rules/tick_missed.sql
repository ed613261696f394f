-- After its tick one or more have no job, though the schedule is to catch up with all: up to the next one that was
-- enqueued, or of the last one up to what the row says comes next. Returns job ids. Locks: none. Index: none.
SELECT t.id AS job_id
FROM (
    SELECT j.id, s.every, j.tick, coalesce(lead(j.tick) OVER (PARTITION BY s.name ORDER BY j.tick), s.next_at) AS following
    FROM (
        SELECT t.id, split_part(t.trace_id, '@', 1) AS name, split_part(t.trace_id, '@', 2)::timestamptz AS tick
        FROM (SELECT id, trace_id FROM {schema}.live UNION ALL SELECT id, trace_id FROM {schema}.history) AS t
        WHERE t.trace_id LIKE '%@____-__-__T%Z'
    ) AS j
    JOIN {schema}.schedules AS s ON s.name = j.name
    WHERE s.catch_up = 'all'
) AS t
WHERE t.following > t.tick + make_interval(secs => t.every)
