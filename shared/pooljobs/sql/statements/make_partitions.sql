-- Makes the history partitions that are missing, from yesterday to two weeks ahead. Returns how many were made.
-- Parameters: none. Locks: an advisory lock, and briefly SHARE UPDATE EXCLUSIVE on history for each one it attaches.
--   For each it waits a second at most, since callers have other things to do; it is called again. Index: the catalogue's.
-- Run by: the steward, pooljobs migrate, and workers whose settlement finds none.
SELECT {schema}.ensure_partitions() FROM set_config('lock_timeout', '1s', true)
