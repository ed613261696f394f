-- Which of these jobs have not ended. Parameters: ids uuid[]. Returns their ids. Locks: none. Index: live_pkey.
-- Run by: the command line.
SELECT j.id FROM {schema}.jobs AS j WHERE j.finished_at IS NULL AND j.id = ANY (%(ids)s::uuid[])
