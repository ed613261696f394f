-- Pauses a schedule through the published function. Parameters: name, reason, by. Returns whether there is one of that name.
-- Locks: its row. Index: schedules_pkey.
-- Run by: the command line.
SELECT {schema}.pause_schedule(%(name)s, %(reason)s, %(by)s)
