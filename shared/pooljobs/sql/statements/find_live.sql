-- Which of these jobs have not ended. Parameters: ids uuid[]. Returns their ids. Locks: none. Index: live_pkey.
SELECT l.id FROM {schema}.live AS l WHERE l.id = ANY (%(ids)s::uuid[])
