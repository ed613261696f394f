-- Deletes the tombstones of workers dead for a day, once no live job names them. Parameters: none. Returns nothing.
-- Locks: those rows. Index: none (one scan of the live table, however many tombstones there are; none without any).
-- Run by: the steward.
WITH tombstones AS MATERIALIZED (
    SELECT w.id FROM {schema}.workers AS w WHERE w.dead_at < now() - interval '1 day'
),
holders AS MATERIALIZED (
    SELECT DISTINCT l.worker_id
    FROM {schema}.live AS l
    WHERE l.worker_id IS NOT NULL AND EXISTS (SELECT FROM tombstones)
)
DELETE FROM {schema}.workers AS w
WHERE w.id = ANY (ARRAY(SELECT t.id FROM tombstones AS t EXCEPT SELECT h.worker_id FROM holders AS h))
