-- Failed with no error, or before its runs or its crashes were used up. Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE h.status <> 'completed'
  AND (h.status <> 'failed' OR coalesce(h.last_error, '') = '' OR (h.attempts < h.max_retries AND h.crashes < 3))
