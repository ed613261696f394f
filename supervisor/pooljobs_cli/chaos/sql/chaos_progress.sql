-- How far it is. Parameters: none. Returns one row: jobs not ended, and of them those that are held.
-- Locks: none. Index: none.
SELECT count(*), count(worker_id) FROM {schema}.live
