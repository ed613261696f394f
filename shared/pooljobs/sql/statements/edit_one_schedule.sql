-- Gives a schedule other times through the published function. Parameters: name, cron, every (seconds, or null), tz (null: as it was).
-- Returns whether there is one of that name. Locks: its row. Index: schedules_pkey.
-- Run by: the command line.
SELECT {schema}.edit_schedule(%(name)s, cron => %(cron)s, every => make_interval(secs => %(every)s), tz => %(tz)s)
