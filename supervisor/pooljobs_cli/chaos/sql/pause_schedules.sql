-- Has no more ticks enqueued, so that the jobs come to an end. Parameters: none. Locks: the schedules.
UPDATE {schema}.schedules SET paused_at = now()
