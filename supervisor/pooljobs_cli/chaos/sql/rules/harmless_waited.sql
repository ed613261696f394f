-- In a storm: harmless jobs that waited longer than %(longest)s seconds for the run that completed them, if they are
-- more than one in a hundred. Returns job ids. Locks: none. Index: none.
WITH waited AS (
    SELECT h.id, h.started_at - h.created_at > make_interval(secs => %(longest)s) AS too_long
    FROM {schema}.history AS h
    WHERE h.job_type = 'quick'
)
SELECT w.id AS job_id
FROM waited AS w
WHERE w.too_long AND (SELECT count(*) FILTER (WHERE too_long) * 100 > count(*) FROM waited)
