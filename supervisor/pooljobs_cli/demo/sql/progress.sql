-- How far the demo is. Parameters: none. Returns one row of counts; a respawned worker has a row of its own.
-- Locks: none. Index: none.
SELECT
    (SELECT count(*) FROM {schema}.live) AS left_over,
    (SELECT count(*) FROM {schema}.live WHERE worker_id IS NOT NULL) AS claimed,
    count(*) FILTER (WHERE h.status = 'completed') AS completed,
    count(*) FILTER (WHERE h.status = 'failed') AS failed,
    count(*) FILTER (WHERE h.status = 'completed' AND h.attempts > h.crashes + 1) AS retried,
    coalesce(sum(h.crashes), 0) + (SELECT coalesce(sum(crashes), 0) FROM {schema}.live) AS crashes,
    (SELECT count(*) FROM {schema}.workers) AS workers
FROM {schema}.history AS h
