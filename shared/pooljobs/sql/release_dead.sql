-- Gives back what workers that are dead or unknown still hold, counting a loss and nothing else when %(lost)s is
-- true: nobody knows which of the jobs ran. Rows that a dying backend still locks are skipped; the caller comes again.
-- Parameters: worker_ids bigint[] (null: of every dead worker), lost boolean. Returns the number given back and the number still held.
-- Locks: the released rows FOR UPDATE SKIP LOCKED. Index: none (a scan of the live table, after a death only).
WITH orphaned AS MATERIALIZED (
    SELECT l.id
    FROM {schema}.live AS l
    WHERE l.worker_id IS NOT NULL
      AND (%(worker_ids)s::bigint[] IS NULL OR l.worker_id = ANY (%(worker_ids)s::bigint[]))
      AND NOT EXISTS (SELECT FROM {schema}.workers AS w WHERE w.id = l.worker_id AND w.dead_at IS NULL)
),
free AS MATERIALIZED (
    SELECT l.id
    FROM {schema}.live AS l
    JOIN orphaned AS o ON o.id = l.id
    WHERE l.worker_id IS NOT NULL
    ORDER BY l.id
    FOR UPDATE OF l SKIP LOCKED
),
released AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL, token = NULL, started_at = NULL, losses = l.losses + %(lost)s::integer
    FROM free
    WHERE l.id = free.id
    RETURNING l.id
)
SELECT (SELECT count(*) FROM released), (SELECT count(*) FROM orphaned) - (SELECT count(*) FROM released)
