-- Removes a schedule through the published function. Parameters: name. Returns whether there was one. Locks: its row.
-- Index: schedules_pkey.
-- Run by: applications and the command line.
SELECT {schema}.unschedule(%(name)s)
