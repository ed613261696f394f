-- Whether some process waits for a job's end: asked by statements that end jobs, at a sequence's present value, which costs
-- next to nothing and needs no snapshot. Who does is in `waiters`.
CREATE OR REPLACE FUNCTION {schema}.anybody_waits() RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN coalesce(
        to_timestamp(pg_sequence_last_value(to_regclass(format('%I.waiting_until', {schema_name}::text)))) > now(), false
    );
END
$body$;
