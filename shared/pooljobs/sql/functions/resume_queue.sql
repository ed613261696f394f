-- Resumes a queue. False if it was not paused. Part of the caller's transaction. Needs SELECT and DELETE on `pauses`.
CREATE OR REPLACE FUNCTION {schema}.resume_queue(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    DELETE FROM {schema}.pauses AS p WHERE p.kind = 'queue' AND p.name = resume_queue.name;
    RETURN FOUND;
END
$body$;
