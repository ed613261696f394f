-- Holds the audit against the jobs. Parameters: none. Returns one row of counts:
--   runs: of handlers, as the handlers themselves noted them
--   cut_short: runs that began and never ended: their process died
--   lost: ids that were enqueued and are nowhere
--   unsettled: jobs that have not ended
--   claimed_twice: jobs with two runs of one number, with two runs at the same time, or run again after success
--   unproven: jobs that count as completed without a run that returned
-- Locks: none. Index: audit_job, enqueued_pkey.
WITH twice AS (
    SELECT a.job_id FROM {schema}.audit AS a GROUP BY a.job_id, a.attempt HAVING count(*) > 1
    UNION
    SELECT a.job_id
    FROM {schema}.audit AS a
    JOIN {schema}.audit AS b ON b.job_id = a.job_id AND b.run > a.run
    WHERE a.outcome = 'returned' OR b.started < a.ended
)
SELECT
    (SELECT count(*) FROM {schema}.audit) AS runs,
    (SELECT count(*) FROM {schema}.audit WHERE ended IS NULL) AS cut_short,
    (SELECT count(*) FROM {schema}.enqueued AS e
     WHERE NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.id = e.job_id)
       AND NOT EXISTS (SELECT FROM {schema}.history AS h WHERE h.id = e.job_id)) AS lost,
    (SELECT count(*) FROM {schema}.live) AS unsettled,
    (SELECT count(*) FROM twice) AS claimed_twice,
    (SELECT count(*) FROM {schema}.history AS h
     WHERE h.status = 'completed'
       AND NOT EXISTS (SELECT FROM {schema}.audit AS a WHERE a.job_id = h.id AND a.outcome = 'returned')) AS unproven
