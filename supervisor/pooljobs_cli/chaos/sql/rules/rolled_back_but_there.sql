-- In a table although its transaction was rolled back, or came from nowhere. Returns job ids. Locks: none. Index: none.
SELECT j.id AS job_id
FROM (SELECT id FROM {schema}.live UNION ALL SELECT id FROM {schema}.history) AS j
WHERE NOT EXISTS (SELECT FROM {schema}.witness AS w WHERE w.job_id = j.id)
UNION
SELECT t.job_id
FROM {schema}.told_withdrawn AS t
JOIN {schema}.witness AS w ON w.job_id = t.job_id
