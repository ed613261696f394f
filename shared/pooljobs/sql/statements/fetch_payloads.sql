-- Payloads of jobs that a claim holds and whose payloads its answer left out (claim.sql): the first one, and as many of
-- those that follow as are together no longer than so many bytes.
--
-- Parameters: ids uuid[], in the order in which the jobs are to run; token; most (bytes).
-- Returns: id, payload (as text), in that order; nothing after the first job that this claim does not hold any more.
-- Locks: none. Index: live_pkey, one look for each id: a payload is read only when the ones before have left room, since
--   how long it is cannot be told before (pg_column_size is what it takes when compressed, and 2 MB can be 23 kB then).
--   Room for one as long as the last is asked for: of many alike none is read and then left for the next fetch.
-- Run by: workers.
WITH RECURSIVE run (number, bytes, id, payload) AS (
    SELECT 0, 0::bigint, NULL::uuid, NULL::text
    UNION ALL
    SELECT r.number + 1, r.bytes + octet_length(next.payload), next.id, next.payload
    FROM run AS r
    CROSS JOIN LATERAL (
        SELECT l.id, l.payload::text AS payload
        FROM {schema}.live AS l
        WHERE l.id = (%(ids)s::uuid[])[r.number + 1] AND l.token = %(token)s AND l.worker_id IS NOT NULL
        OFFSET 0  -- or the payload is made into text twice
    ) AS next
    WHERE r.number < cardinality(%(ids)s::uuid[]) AND r.bytes + coalesce(octet_length(r.payload), 0) <= %(most)s
)
SELECT r.id, r.payload
FROM run AS r
WHERE r.number = 1 OR (r.number > 1 AND r.bytes <= %(most)s)
ORDER BY r.number
