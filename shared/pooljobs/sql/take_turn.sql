-- Takes or gives back the right to retire partitions, so that of several hosts' stewards one does it at a time.
-- Parameters: take (false: give back). Returns whether it was had. Locks: a session's advisory lock. Index: none.
SELECT CASE WHEN %(take)s
    THEN pg_try_advisory_lock(hashtextextended({schema_name} || '.history', 1))
    ELSE pg_advisory_unlock(hashtextextended({schema_name} || '.history', 1))
END
