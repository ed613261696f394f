-- Lets time pass for the jobs of a test's database (pooljobs_testing), where no clock can be set: each time in their rows
-- is so much longer ago. Parameters: passed (interval). Returns nothing.
-- Locks: the rows of all jobs that are live. Index: none.
UPDATE {schema}.live
SET run_at = run_at - %(passed)s,
    created_at = created_at - %(passed)s,
    started_at = started_at - %(passed)s,
    refused_since = refused_since - %(passed)s
