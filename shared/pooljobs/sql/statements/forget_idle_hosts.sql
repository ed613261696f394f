-- Deletes the rows of a fleet that leaves, and those of fleets that have not renewed theirs for an hour. A fleet that
-- is awake at the moment loses its rows too: it writes them anew when it sleeps.
-- Parameters: fleet. Returns nothing. Locks: those rows. Index: none, the table is small.
-- Run by: the steward.
DELETE FROM {schema}.idle_hosts AS s
WHERE s.fleet = %(fleet)s OR s.idle_until < now() - interval '1 hour'
