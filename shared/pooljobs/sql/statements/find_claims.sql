-- Which of a worker's claims the database still knows, after a reconnect: a crash of the server may have undone the last
-- ones, whose commits did not wait for the disk.
-- Parameters: ids uuid[], fences bigint[], tokens bigint[]. Returns the ids of those that stand.
-- Locks: none. Index: live_pkey.
-- Run by: workers.
SELECT l.id
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[], %(tokens)s::bigint[]) AS c (id, fence, token)
JOIN {schema}.live AS l ON l.id BETWEEN c.id AND c.id AND l.fence = c.fence AND l.token = c.token
