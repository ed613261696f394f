-- Neither completed nor failed, although the fleet had time. Returns job ids. Locks: none. Index: none.
SELECT l.id AS job_id FROM {schema}.live AS l
