-- Committed with its witness, and nowhere now. Returns job ids. Locks: none. Index: none.
SELECT w.job_id
FROM {schema}.witness AS w
WHERE NOT EXISTS (SELECT FROM {schema}.history AS h WHERE h.id = w.job_id)
  AND NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.id = w.job_id)
