-- Deletes the tombstones of workers dead for a day, once no live job names them. Parameters: none. Returns nothing.
-- Locks: those rows. Index: none.
DELETE FROM {schema}.workers AS w
WHERE w.dead_at < now() - interval '1 day'
  AND NOT EXISTS (SELECT FROM {schema}.live AS l WHERE l.worker_id = w.id)
