-- Charged with more runs, crashes apart, than its handler had: somebody charged it who could not run it. A worker may
-- die between the moment when it shows a run and the run's beginning, so crashes prove nothing.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE h.attempts - h.crashes > (SELECT count(*) FROM {schema}.runs AS r WHERE r.job_id = h.id)
