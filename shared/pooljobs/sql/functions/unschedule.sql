-- Removes a stored schedule, or one that the code has no longer; part of the caller's transaction. Jobs that it has enqueued
-- stay. Returns whether there was one. One that living code declares is refused: it would come back. With its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.unschedule(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF EXISTS (
        SELECT FROM {schema}.schedules AS s WHERE s.name = unschedule.name AND s.app IS NOT NULL AND s.retired_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the schedule % is declared in code', quote_literal(unschedule.name)
            USING ERRCODE = 'object_in_use', HINT = 'take it out there, or pause it';
    END IF;
    DELETE FROM {schema}.schedules AS s WHERE s.name = unschedule.name;
    RETURN FOUND;
END
$body$;
