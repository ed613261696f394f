-- Takes, or keeps, the right to do something for the whole database, so that of several hosts' stewards one does it at a
-- time; it ends by itself, and one that claims to last for more than a day counts as none.
-- Parameters: name, fleet, seconds (0: give it back). Returns a row if it is had.
-- Locks: the row of that name. Index: leaders_pkey; an update is HOT. Commits without waiting for the disk.
-- Run by: the steward.
INSERT INTO {schema}.leaders AS l (name, fleet, until)
SELECT %(name)s, %(fleet)s, now() + make_interval(secs => %(seconds)s)
FROM set_config('synchronous_commit', 'off', true)
ON CONFLICT (name) DO UPDATE SET fleet = excluded.fleet, until = excluded.until
WHERE l.fleet = excluded.fleet OR l.until <= now() OR l.until > now() + interval '1 day'
RETURNING true
