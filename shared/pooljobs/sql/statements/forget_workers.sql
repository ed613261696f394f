-- Deletes the tombstones of workers dead for a day, once no live job names them, and what those who are dead said of how far
-- their jobs were. Parameters: none. Returns nothing.
-- Locks: those rows. Index: none (all of workers and progress, which are small; one scan of the live table, however many
--   tombstones there are; none without any).
-- Run by: the steward.
WITH tombstones AS MATERIALIZED (
    SELECT w.id FROM {schema}.workers AS w WHERE w.dead_at < now() - interval '1 day'
),
holders AS MATERIALIZED (
    SELECT DISTINCT l.worker_id
    FROM {schema}.live AS l
    WHERE l.worker_id IS NOT NULL AND EXISTS (SELECT FROM tombstones)
),
said AS (
    DELETE FROM {schema}.progress AS p
    WHERE NOT EXISTS (SELECT FROM {schema}.workers AS w WHERE w.id = p.worker_id AND w.dead_at IS NULL)
)
DELETE FROM {schema}.workers AS w
WHERE w.id = ANY (ARRAY(SELECT t.id FROM tombstones AS t EXCEPT SELECT h.worker_id FROM holders AS h))
