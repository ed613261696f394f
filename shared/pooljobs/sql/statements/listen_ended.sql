-- Hears of jobs that end while this process waits for some. One channel for all schemas: an id is nobody else's.
-- Parameters: none. Locks: none. Index: none.
-- Run by: applications.
LISTEN pooljobs_ended
