-- The claim by which a job ended began to run afterwards, or a later claim ran: a stale settlement was accepted.
-- %(slack)s is how exactly the journals' clock is known in the database's. Returns job ids. Locks: none. Index: none.
SELECT r.job_id
FROM {schema}.runs AS r
JOIN {schema}.history AS h ON h.id = r.job_id
WHERE r.fence > h.fence
   OR (r.fence = h.fence AND NOT r.in_doubt AND r.began > h.finished_at + make_interval(secs => %(slack)s))
