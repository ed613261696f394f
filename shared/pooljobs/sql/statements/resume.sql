-- Resumes a queue or a job type, through the published functions: see functions/resume_queue.sql.
-- Parameters: kind ('queue', or else a type), name. Returns whether it was paused.
-- Locks: the pause's row; waits for whoever pauses or resumes the same. Index: pauses_pkey.
-- Run by: applications and the command line.
SELECT CASE
    WHEN %(kind)s::pg_catalog.text OPERATOR(pg_catalog.=) 'queue' THEN {schema}.resume_queue(%(name)s::pg_catalog.text)
    ELSE {schema}.resume_type(%(name)s::pg_catalog.text)
END
