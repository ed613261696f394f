-- Cancelled before it began, as its producer was told, and it ran, or did not end so. Returns job ids. Locks: none.
-- Index: none.
SELECT t.job_id
FROM {schema}.told_cancelled AS t
WHERE NOT EXISTS (SELECT FROM {schema}.history AS h WHERE h.id = t.job_id AND h.status = 'cancelled')
   OR EXISTS (SELECT FROM {schema}.runs AS r WHERE r.job_id = t.job_id)
