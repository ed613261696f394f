-- Completes one running job inside the handler's own transaction, so that its effects and its completion commit
-- together or not at all. Parameters: id, fence, token, started_ago. Returns a row if the claim still owns the job.
-- Locks: the job's row. Index: live_pkey.
-- Run by: handlers, by ctx.complete_with.
SELECT 1 WHERE {schema}.complete(%(id)s, %(fence)s, %(token)s, %(started_ago)s)
