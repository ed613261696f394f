-- Ends a schedule's pause through the published function. Parameters: name. Returns whether there is one of that name.
-- Locks: its row. Index: schedules_pkey.
-- Run by: the command line.
SELECT {schema}.resume_schedule(%(name)s)
