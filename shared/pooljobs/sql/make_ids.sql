-- Ids for jobs that are about to be copied in, and the time from which their delays count. Parameters: count.
-- Returns: microseconds since 1970 of the transaction's now(), and the ids, 16 bytes each in ascending order, as one
-- bytea: COPY takes values only, and what is enqueued together is to run in the order of the enqueueing.
-- Locks: none. Index: none.
SELECT (extract(epoch FROM now()) * 1000000)::bigint, string_agg(uuid_send(made.id), ''::bytea ORDER BY made.id)
FROM (SELECT {schema}.uuid_v7() AS id FROM generate_series(1, %(count)s::integer)) AS made
