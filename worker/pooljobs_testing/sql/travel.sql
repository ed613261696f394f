-- Lets time pass for the jobs of a test's database, where no clock can be set: each time in their rows
-- is so much longer ago, and in those of the keys that unique jobs hold. Filled in: passed (interval). Returns nothing.
-- Locks: the rows of all jobs that are live, and of all keys. Index: none.
WITH keys AS (
    UPDATE {schema}.uniques
    SET taken_at = taken_at - {passed},
        until = until - {passed}
)
UPDATE {schema}.live
SET run_at = run_at - {passed},
    created_at = created_at - {passed},
    started_at = started_at - {passed},
    refused_since = refused_since - {passed}
