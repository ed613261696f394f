-- Failed with no error, or before its runs, its crashes or its losses were used up; or cancelled, which nobody asks for in
-- chaos.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE h.status <> 'completed'
  AND (h.status <> 'failed' OR coalesce(h.last_error, '') = '' OR (h.attempts < h.max_retries AND h.crashes < 3 AND h.losses < 9))
