-- Ends the pause of a schedule, in the caller's transaction. It goes on with its next tick: what came during the pause is not
-- caught up with. Returns whether there is one of that name. With its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.resume_schedule(name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE {schema}.schedules AS s
    SET paused_at = NULL, paused_by = NULL, paused_reason = NULL
    WHERE s.name = resume_schedule.name;
    RETURN FOUND;
END
$body$;
