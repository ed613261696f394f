-- Ids that sort by time (RFC 9562, version 7), so that new rows land at the right edge of every index.
-- PostgreSQL 18 makes them itself; before it, the first half of a random UUID gives way to the time since 1970 in parts
-- of a 4096th of a millisecond, with the version's digit behind the milliseconds: what one session enqueues, one after the
-- other, stands in that order in one transaction too. The body is put in the place of the call. Ours is
-- bound when it is made, so that it needs no search_path. That of 18 is a text: a dump of it can be restored on an older
-- server, with the table whose default it is, and `pooljobs migrate` puts the other body there.
DO $do$
BEGIN
    IF to_regprocedure('pg_catalog.uuidv7()') IS NOT NULL THEN
        CREATE OR REPLACE FUNCTION {schema}.uuid_v7() RETURNS uuid
        LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT pg_catalog.uuidv7()';
    ELSE
        CREATE OR REPLACE FUNCTION {schema}.uuid_v7() RETURNS uuid
        LANGUAGE sql VOLATILE PARALLEL SAFE
            RETURN (substring(overlay(
                encode(int8send((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 'hex') PLACING '7' FROM 14 FOR 0
            ) FROM 2) || substring(gen_random_uuid()::text FROM 20))::uuid;
    END IF;
END
$do$;
