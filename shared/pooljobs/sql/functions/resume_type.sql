-- Resumes a job type, in whatever queue. False if it was not paused. Part of the caller's transaction. Needs SELECT and DELETE on `pauses`.
CREATE OR REPLACE FUNCTION {schema}.resume_type(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    DELETE FROM {schema}.pauses AS p WHERE p.kind = 'type' AND p.name = resume_type.name;
    RETURN FOUND;
END
$body$;
