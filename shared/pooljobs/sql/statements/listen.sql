-- Hears of jobs that are enqueued while this host sleeps. Parameters: none. Locks: none. Index: none.
LISTEN {schema}
