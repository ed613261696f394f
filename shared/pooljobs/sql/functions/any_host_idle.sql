-- Whether some host idles. The planner puts the body in the place of the call, and the sequence is a constant there. What
-- it calls is bound when it is made.
DO $do$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION %I.any_host_idle() RETURNS boolean LANGUAGE sql VOLATILE'
        ' RETURN coalesce(to_timestamp(pg_sequence_last_value(%L::regclass)) > now(), false)',
        {schema_name}::text, format('%I.idle_until', {schema_name}::text)
    );
END
$do$;
