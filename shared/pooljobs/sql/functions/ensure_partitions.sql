-- Makes the day's partitions from yesterday to `ahead` days on, and returns how many were missing. CREATE and ATTACH
-- instead of CREATE ... PARTITION OF, which waits for every open insert and blocks those behind it; the CHECK that
-- is put on first saves ATTACH its scan. An advisory lock makes concurrent callers take turns.
-- Each has the replica identity of 0107, which LIKE does not copy.
-- Runs with its owner's rights, since only a table's owner may give it partitions: fleets need not own anything. For
-- their sake it is bounded, to a year. Times are written in one form, whoever calls: a cancellation comes on connections
-- of others.
CREATE OR REPLACE FUNCTION {schema}.ensure_partitions(ahead integer DEFAULT 14) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $body$
DECLARE
    made integer := 0;
    first_day date := (now() AT TIME ZONE 'UTC')::date - 1;
    day date;
    bound text;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.history', 0));
    FOR day IN SELECT first_day + n FROM generate_series(0, least(ahead, 366) + 1) AS n LOOP
        part := 'history_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('%I.%I', {schema_name}, part)) IS NOT NULL;
        bound := format('finished_at >= %L AND finished_at < %L',
                        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.history INCLUDING ALL, CONSTRAINT of_day CHECK (%s))',
                       {schema_name}, part, {schema_name}, bound);
        EXECUTE format('ALTER TABLE %I.%I REPLICA IDENTITY FULL', {schema_name}, part);
        EXECUTE format('ALTER TABLE %I.history ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', {schema_name},
                       {schema_name}, part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT of_day', {schema_name}, part);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$body$;
