-- Pauses a queue or a job type, through the published functions: see functions/pause_queue.sql.
-- Parameters: kind ('queue', or else a type), name, reason, paused_by (null: not told). Returns whether it was not paused before.
-- Locks: the pause's row; waits for whoever pauses or resumes the same. Index: pauses_pkey.
-- Run by: applications and the command line.
SELECT CASE
    WHEN %(kind)s::pg_catalog.text OPERATOR(pg_catalog.=) 'queue'
    THEN {schema}.pause_queue(%(name)s::pg_catalog.text, %(reason)s::pg_catalog.text, %(paused_by)s::pg_catalog.text)
    ELSE {schema}.pause_type(%(name)s::pg_catalog.text, %(reason)s::pg_catalog.text, %(paused_by)s::pg_catalog.text)
END
