-- Began while its type or queue was paused, more than %(grace)s seconds after whoever paused it was told that it is, and
-- before it was resumed. Returns job ids. Locks: none. Index: none.
WITH jobs_of AS (
    SELECT h.id, h.job_type, h.queue FROM {schema}.history AS h
    UNION ALL
    SELECT l.id, l.job_type, l.queue FROM {schema}.live AS l
)
SELECT r.job_id
FROM {schema}.told_paused AS p
JOIN jobs_of AS j ON p.name = CASE p.kind WHEN 'queue' THEN j.queue ELSE j.job_type END
JOIN {schema}.runs AS r ON r.job_id = j.id
WHERE r.began > p.since + make_interval(secs => %(grace)s) AND r.began < p.until
