-- Gives back all that one claim statement took, at no cost to the jobs: for a claim whose reply was lost, so that
-- its worker cannot know what it holds. Rare: it scans the live table. Returns the number of jobs given back.
-- Parameters: worker_id, token. Locks: the released rows. Index: none.
-- Run by: workers.
WITH released AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL, token = NULL, started_at = NULL, start_recorded = NULL
    WHERE l.worker_id = %(worker_id)s AND l.token = %(token)s
    RETURNING l.id
)
SELECT count(*) FROM released
