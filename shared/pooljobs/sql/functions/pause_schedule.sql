-- Pauses a schedule, in the caller's transaction: nothing is enqueued until resume_schedule(). Who and why stand in the row;
-- `by` is the session's user unless it is given; where it is paused already, another reason takes the place of the first.
-- It outlasts deployments. Returns whether there is one of that name.
-- With its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.pause_schedule(name text, reason text DEFAULT NULL, by text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    UPDATE {schema}.schedules AS s
    SET paused_at = coalesce(s.paused_at, now()), paused_by = left(coalesce(pause_schedule.by, session_user), 200),
        paused_reason = left(pause_schedule.reason, 1000)
    WHERE s.name = pause_schedule.name AND (s.paused_at IS NULL OR pause_schedule.reason IS NOT NULL);
    RETURN EXISTS (SELECT FROM {schema}.schedules AS s WHERE s.name = pause_schedule.name);
END
$body$;
