-- Ends the server side of a dead worker's connections, so that a claim still running there neither commits later nor
-- keeps its locks. The application name guards against a backend number that was given to somebody else.
-- Parameters: backends integer[], application_name. Returns a row for each one ended. Locks: none. Index: none.
-- Run by: the steward.
SELECT pg_terminate_backend(a.pid)
FROM pg_stat_activity AS a
WHERE a.pid = ANY (%(backends)s::integer[]) AND a.application_name = %(application_name)s
