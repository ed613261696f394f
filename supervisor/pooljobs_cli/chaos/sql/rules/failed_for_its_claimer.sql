-- Failed although its handler never raised anything, and neither its crashes nor its losses were used up: whoever claimed
-- it had no handler for it, or one that did not take its payload, and did not leave it to others.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
WHERE h.status = 'failed' AND h.crashes < 3 AND h.losses < 9
  AND NOT EXISTS (SELECT FROM {schema}.runs AS r WHERE r.job_id = h.id AND r.outcome = 'raised')
