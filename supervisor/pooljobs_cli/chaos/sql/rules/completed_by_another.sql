-- Completed, although the run of the claim by which it ended had not returned by then: somebody else's result was
-- accepted. In its own transaction a handler completes before it returns. Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE h.status = 'completed'
  AND NOT EXISTS (
    SELECT FROM {schema}.runs AS r
    WHERE r.job_id = h.id AND r.fence = h.fence
      AND (h.job_type = 'exact'
           OR (r.outcome = 'returned' AND r.ended <= h.finished_at + make_interval(secs => %(slack)s))))
