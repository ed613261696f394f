-- Has a schedule that somebody stored or edited, in whatever way, looked at anew: its next tick is computed again unless it
-- was written too, and from now on if it had been paused or retired; what was wrong before is forgotten. Stewards, whose own
-- updates do not come here, are told at the commit, if may_notify().
CREATE OR REPLACE FUNCTION {schema}.note_schedule() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.error := NULL;
        NEW.retry_at := NULL;
        IF NEW.next_at IS NOT DISTINCT FROM OLD.next_at AND (
            (NEW.cron, NEW.every, NEW.tz) IS DISTINCT FROM (OLD.cron, OLD.every, OLD.tz)
            OR (NEW.paused_at IS NULL AND OLD.paused_at IS NOT NULL)
            OR (NEW.retired_at IS NULL AND OLD.retired_at IS NOT NULL)
        ) THEN
            NEW.next_at := NULL;
        END IF;
    END IF;
    IF {schema}.may_notify() THEN
        PERFORM pg_notify({schema_name}, '!act');
    END IF;
    RETURN NEW;
END
$body$;
