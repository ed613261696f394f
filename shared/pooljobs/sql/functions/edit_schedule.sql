-- Gives a schedule other times, in the caller's transaction: `cron` or `every`, and a zone, which a null leaves as it is;
-- without either a declared one goes back to what the code says. Of a declared one they outlast deployments. Returns whether there is one of that name.
-- With its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.edit_schedule(
    name text, cron text DEFAULT NULL, every interval DEFAULT NULL, tz text DEFAULT NULL
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF edit_schedule.cron IS NOT NULL AND edit_schedule.every IS NOT NULL THEN
        RAISE EXCEPTION 'a schedule has cron or every, one of them' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF edit_schedule.every < interval '1 second' THEN
        RAISE EXCEPTION 'every is at least a second' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF edit_schedule.cron IS NULL AND edit_schedule.every IS NULL THEN
        UPDATE {schema}.schedules AS s
        SET cron = s.definition ->> 'cron', every = (s.definition ->> 'every')::double precision,
            tz = s.definition ->> 'tz', edited = false
        WHERE s.name = edit_schedule.name AND s.app IS NOT NULL;
    ELSE
        UPDATE {schema}.schedules AS s
        SET cron = edit_schedule.cron, every = date_part('epoch', edit_schedule.every),
            tz = CASE WHEN edit_schedule.every IS NULL THEN coalesce(edit_schedule.tz, s.tz) ELSE 'UTC' END,
            edited = s.app IS NOT NULL
        WHERE s.name = edit_schedule.name;
    END IF;
    RETURN FOUND;
END
$body$;
