-- Hears of jobs that are enqueued while this host sleeps. Parameters: none. Locks: none. Index: none.
-- Run by: the steward.
LISTEN {schema}
