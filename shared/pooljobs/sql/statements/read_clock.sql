-- The database's time, for jobs that are about to be copied in. Parameters: none. Locks: none. Index: none.
-- Returns microseconds since 1970: of the transaction's now(), from which delays count, and of this moment, for ids.
-- Run by: applications and the command line.
SELECT (extract(epoch FROM pg_catalog.now()) OPERATOR(pg_catalog.*) 1000000)::bigint,
    (extract(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) 1000000)::bigint
