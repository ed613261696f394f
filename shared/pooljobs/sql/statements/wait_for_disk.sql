-- Returns when all that was committed before is as durable as the session's commits are: an empty message in the log has
-- to get to the disk, and whatever is in front of it. Parameters: none. Returns nothing of interest. Locks: none.
-- Index: none.
-- Run by: applications and the command line.
SELECT pg_catalog.pg_logical_emit_message(true, 'pooljobs', '')
