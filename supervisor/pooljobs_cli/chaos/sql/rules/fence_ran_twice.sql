-- One fence was given to two claims. Only a crash of the server may cause that: it forgets claims of its last moments,
-- which are not waited for on disk; all such claims but one must be in doubt. Returns job ids. Locks: none. Index: none.
SELECT r.job_id
FROM {schema}.runs AS r
GROUP BY r.job_id, r.fence
HAVING count(DISTINCT r.token) > 1 AND count(DISTINCT r.token) FILTER (WHERE NOT r.in_doubt) > 1
