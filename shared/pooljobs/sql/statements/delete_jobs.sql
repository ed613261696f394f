-- Takes all jobs away, those that wait, run and have ended, and what was asked of them. A worker that runs one settles
-- nothing then. Parameters: none. Returns: nothing. Locks: all rows.
-- Index: none. Run by: flush of a Django project, which empties all its tables, after each of its tests that commits.
WITH waiting AS (
    DELETE FROM {schema}.live
),
ended AS (
    DELETE FROM {schema}.history
)
DELETE FROM {schema}.cancellations
