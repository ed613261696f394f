-- What a drain came to. Counted from when every worker that took part had completed something, so that no start is
-- measured. Parameters: none. Returns one row: jobs in that time, its seconds, settlements in it, workers; nulls where
-- there were too few jobs. Rows of one settlement have one finished_at, that of its transaction. Locks: none.
-- Index: none; history is read as a whole.
WITH firsts AS (
    SELECT worker_id, min(finished_at) AS at FROM {schema}.history GROUP BY worker_id
),
span AS (
    SELECT CASE WHEN max(f.at) < h.ended THEN max(f.at) ELSE min(f.at) END AS began, h.ended, count(*) AS workers
    FROM firsts AS f, (SELECT max(finished_at) AS ended FROM {schema}.history) AS h
    GROUP BY h.ended
)
SELECT
    count(*) AS jobs,
    nullif(extract(epoch FROM s.ended - s.began)::float8, 0) AS seconds,
    count(DISTINCT (h.worker_id, h.finished_at)) AS settlements,
    s.workers
FROM span AS s
JOIN {schema}.history AS h ON h.finished_at > s.began
GROUP BY s.ended, s.began, s.workers
