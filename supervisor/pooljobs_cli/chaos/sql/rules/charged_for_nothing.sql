-- Charged with more runs, crashes apart, than its handler had: somebody charged it who could not run it. A worker may
-- die between the moment when it shows a run and the run's beginning, so crashes prove nothing.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
LEFT JOIN (SELECT r.job_id, count(*) AS runs FROM {schema}.runs AS r GROUP BY r.job_id) AS r ON r.job_id = h.id
WHERE h.attempts - h.crashes > coalesce(r.runs, 0)
