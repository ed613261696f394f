-- Makes the history partitions that are missing, from yesterday to two weeks ahead. Returns how many were made.
-- Parameters: none. Locks: an advisory lock, and briefly SHARE UPDATE EXCLUSIVE on history for each one it attaches.
SELECT {schema}.ensure_partitions()
