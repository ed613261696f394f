-- One claim (job, fence, token) began more than one run. Returns job ids. Locks: none. Index: none.
SELECT r.job_id
FROM {schema}.runs AS r
GROUP BY r.job_id, r.fence, r.token
HAVING count(*) > 1
