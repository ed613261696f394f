-- Ids that sort by time (RFC 9562, version 7), so that new rows land at the right edge of every index.
-- PostgreSQL 18 makes them itself; before it, the first 48 bits of a random UUID give way to the milliseconds
-- since 1970, and the version nibble (0100 in a version 4) becomes 0111. The body is put in the place of the call. Ours is
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
            RETURN encode(set_bit(set_bit(overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6
            ), 52, 1), 53, 1), 'hex')::uuid;
    END IF;
END
$do$;
