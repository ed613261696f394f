-- Deletes rows of `uniques` that hold nothing any more, a part at a time: their job is not in `live`, and their period is
-- past. Nobody needs that but the disk.
-- Parameters: after bytea (the key at which the look before this one ended; empty: begin), most (rows to look at).
-- Returns one row: the key at which it ended, null at the end of the table; how many it deleted.
-- Locks: the deleted rows, in the order of their keys; those that somebody has are left to the next walk, and so are
--   those that were taken anew since they were read. Index: uniques_pkey, live_pkey.
-- Run by: the steward.
WITH walked AS MATERIALIZED (
    SELECT u.key, u.job_id, u.taken_at, u.until
    FROM {schema}.uniques AS u
    WHERE u.key > %(after)s::bytea
    ORDER BY u.key
    LIMIT %(most)s
),
free AS MATERIALIZED (
    SELECT u.key
    FROM walked AS w
    JOIN {schema}.uniques AS u ON u.key BETWEEN w.key AND w.key AND uuid_eq(u.job_id, w.job_id)
        AND timestamptz_eq(u.taken_at, w.taken_at)  -- as functions: by the operators the tables could be sorted and merged
    WHERE coalesce(w.until <= now(), true)
      AND NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.id BETWEEN w.job_id AND w.job_id)
    ORDER BY u.key
    FOR UPDATE OF u SKIP LOCKED
),
swept AS (
    DELETE FROM {schema}.uniques AS u
    USING free AS f
    WHERE u.key BETWEEN f.key AND f.key
    RETURNING u.key
)
SELECT
    CASE WHEN (SELECT count(*) FROM walked) = %(most)s THEN (SELECT w.key FROM walked AS w ORDER BY w.key DESC LIMIT 1) END,
    (SELECT count(*) FROM swept)
