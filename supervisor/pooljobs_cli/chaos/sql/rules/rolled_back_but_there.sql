-- In a table although its transaction was rolled back, or came from nowhere: no schedule either. Returns job ids. Locks: none. Index: none.
SELECT j.id AS job_id
FROM (SELECT id, trace_id FROM {schema}.live UNION ALL SELECT id, trace_id FROM {schema}.history) AS j
WHERE NOT EXISTS (SELECT FROM {schema}.witness AS w WHERE w.job_id = j.id)
  AND NOT EXISTS (SELECT FROM {schema}.schedules AS s WHERE s.name = split_part(j.trace_id, '@', 1))
UNION
SELECT t.job_id
FROM {schema}.told_withdrawn AS t
JOIN {schema}.witness AS w ON w.job_id = t.job_id
