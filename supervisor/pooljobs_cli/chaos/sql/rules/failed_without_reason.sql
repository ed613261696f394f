-- Failed with no error, or before its runs, its crashes or its losses were used up; or cancelled, which nobody had asked
-- for.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE CASE h.status
    WHEN 'completed' THEN false
    WHEN 'cancelled' THEN NOT EXISTS (SELECT FROM {schema}.asked_to_cancel AS a WHERE a.job_id = h.id)
    ELSE coalesce(h.last_error, '') = '' OR (h.attempts < h.max_retries AND h.crashes < 3 AND h.losses < 9)
END
