-- What is left to do about history's partitions that are older than so many whole days (UTC), oldest first: one command
-- for each, as text, because DETACH CONCURRENTLY may stand neither in a function nor in a transaction. A partition
-- goes in two steps, and an interrupted first step is finished: attached, detached, dropped.
-- Parameters: keep_days. Returns: the partition's name, the command. Locks: none. Index: the catalogue's.
-- Run by: the steward.
SELECT c.relname::text,
    CASE
        WHEN i.inhdetachpending THEN format('ALTER TABLE %%I.history DETACH PARTITION %%I.%%I FINALIZE',
                                            n.nspname, n.nspname, c.relname)
        WHEN i.inhrelid IS NOT NULL THEN format('ALTER TABLE %%I.history DETACH PARTITION %%I.%%I CONCURRENTLY',
                                                n.nspname, n.nspname, c.relname)
        ELSE format('DROP TABLE %%I.%%I', n.nspname, c.relname)
    END
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
WHERE n.nspname = {schema_name}
  AND c.relkind = 'r'
  AND c.relname ~ '^history_[0-9]{{8}}$'
  AND right(c.relname::text, 8) < to_char((now() AT TIME ZONE 'UTC')::date - %(keep_days)s::integer, 'YYYYMMDD')
ORDER BY c.relname
LIMIT 1
