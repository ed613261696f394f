-- What the run was like. Parameters: none. Returns one row: seconds from the first start to the last end, the jobs
-- completed after a crash, and the 50th, 95th and 99th percentiles, in seconds, of waiting (due to start, from
-- history) and of the handlers' own time (from the audit: history counts to the settlement, which comes in batches).
-- Locks: none. Index: none.
SELECT
    extract(epoch FROM max(finished_at) - min(started_at))::float8 AS seconds,
    count(*) FILTER (WHERE status = 'completed' AND crashes > 0) AS recovered,
    percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
        ORDER BY extract(epoch FROM started_at - run_at)::float8) AS waited,
    (SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM ended - started)::float8)
     FROM {schema}.audit) AS ran
FROM {schema}.history
