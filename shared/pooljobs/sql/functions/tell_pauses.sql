-- Tells the stewards that something was paused or resumed, whoever wrote to the table and how, unless `pooljobs.notify` is
-- off (notify_many.sql): they find it at their next look then.
CREATE OR REPLACE FUNCTION {schema}.tell_pauses() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF current_setting('pooljobs.notify', true) IS DISTINCT FROM 'off' THEN
        PERFORM pg_notify({schema_name}, '!act');
    END IF;
    RETURN NULL;
END
$body$;
