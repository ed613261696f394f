-- Writes down that a claimed job is about to begin: for jobs that a host was lost with before, so that the next loss
-- tells those that ran from those that waited. Waits for the disk, unlike a claim. Returns a row if the claim stands.
-- Parameters: id, fence, token. Locks: the job's row. Index: live_pkey. The update is HOT.
-- Run by: workers.
UPDATE {schema}.live AS l
SET start_recorded = true
WHERE l.id = %(id)s AND l.fence = %(fence)s AND l.token = %(token)s
RETURNING l.id
