-- Deletes what no worker of a fleet declares any more, as after a reload, while others of its workers live; and notes
-- until when the types were declared. Runs behind lock_fleet.sql in its transaction, so that it sees each worker that
-- has published. Parameters: fleet. Returns nothing. Locks: the deleted rows, those of their types.
-- Index: declarations_pkey, job_types_pkey; none of workers, which is small.
-- Run by: the steward.
WITH alive AS MATERIALIZED (
    SELECT DISTINCT w.code FROM {schema}.workers AS w WHERE w.fleet = %(fleet)s AND w.dead_at IS NULL
),
dropped AS (
    DELETE FROM {schema}.declarations AS d
    WHERE d.fleet = %(fleet)s
      AND EXISTS (SELECT FROM alive)
      AND NOT EXISTS (SELECT FROM alive AS a WHERE a.code = d.code)
    RETURNING d.job_type
)
UPDATE {schema}.job_types AS t
SET declared_until = greatest(t.declared_until, now())
FROM (SELECT DISTINCT d.job_type FROM dropped AS d ORDER BY d.job_type) AS d
WHERE t.job_type BETWEEN d.job_type AND d.job_type
