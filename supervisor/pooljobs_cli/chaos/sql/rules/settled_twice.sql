-- Ended twice, or ended and live. Returns job ids. Locks: none. Index: none.
SELECT j.id AS job_id
FROM (SELECT id FROM {schema}.live UNION ALL SELECT id FROM {schema}.history) AS j
GROUP BY j.id
HAVING count(*) > 1
