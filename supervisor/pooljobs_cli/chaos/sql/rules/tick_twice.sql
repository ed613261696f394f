-- Of one tick of a schedule there are several jobs. Returns job ids. Locks: none. Index: none.
SELECT j.id AS job_id
FROM (
    SELECT t.id, count(*) OVER (PARTITION BY t.trace_id) AS jobs
    FROM (SELECT id, trace_id FROM {schema}.live UNION ALL SELECT id, trace_id FROM {schema}.history) AS t
    WHERE split_part(t.trace_id, '@', 1) IN (SELECT s.name FROM {schema}.schedules AS s)
) AS j
WHERE j.jobs > 1
