-- A job that completes in its own transaction has one effect if it is completed, and none otherwise. One that failed
-- has none. Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
LEFT JOIN (SELECT e.job_id, count(*) AS effects FROM {schema}.effects AS e GROUP BY e.job_id) AS e ON e.job_id = h.id
WHERE h.job_type = 'exact' AND coalesce(e.effects, 0) <> (h.status = 'completed')::integer
