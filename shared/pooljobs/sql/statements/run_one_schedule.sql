-- Enqueues a schedule's job now, through the published function. Parameters: name. Returns the job's id, or null.
-- Locks: its row, the new job. Index: schedules_pkey; those of an enqueue.
-- Run by: the command line.
SELECT {schema}.run_schedule(%(name)s)
