-- Tells the stewards that something was paused or resumed, whoever wrote to the table and how, if may_notify(): else they
-- find it at their next look.
CREATE OR REPLACE FUNCTION {schema}.tell_pauses() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    IF {schema}.may_notify() THEN
        PERFORM pg_notify({schema_name}, '!act');
    END IF;
    RETURN NULL;
END
$body$;
