-- Jobs that ended, a partition a day (UTC) of finished_at: retention drops partitions and never vacuums. Rows arrive
-- in the order of their ids, or nearly, so a block range index finds an id; the multi-minmax operator class keeps it
-- narrow when a few old ids are mixed in. There is no DEFAULT partition, which would forbid DETACH CONCURRENTLY.
CREATE TABLE {schema}.history (
    id uuid NOT NULL,
    run_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL,
    worker_id bigint,
    fence bigint NOT NULL,
    max_retries integer NOT NULL,
    attempts integer NOT NULL,
    crashes smallint NOT NULL,
    losses smallint NOT NULL,
    priority smallint NOT NULL,
    status text NOT NULL CONSTRAINT history_status_known CHECK (status IN ('completed', 'failed', 'cancelled')),
    queue text NOT NULL,
    job_type text NOT NULL,
    trace_id text,
    last_error text,
    payload jsonb NOT NULL
) PARTITION BY RANGE (finished_at);

CREATE INDEX history_id ON {schema}.history
    USING brin (id uuid_minmax_multi_ops, finished_at timestamptz_minmax_ops)
    WITH (pages_per_range = 32, autosummarize = on);

-- The failed ones are few, and are what people look for.
CREATE INDEX history_failed ON {schema}.history (finished_at DESC) WHERE status = 'failed';

-- Makes the day's partitions from yesterday to `ahead` days on, and returns how many were missing. CREATE and ATTACH
-- instead of CREATE ... PARTITION OF, which waits for every open insert and blocks those behind it; the CHECK that
-- is put on first saves ATTACH its scan. An advisory lock makes concurrent callers take turns.
CREATE FUNCTION {schema}.ensure_partitions(ahead integer DEFAULT 14) RETURNS integer
LANGUAGE plpgsql AS $body$
DECLARE
    made integer := 0;
    first_day date := (now() AT TIME ZONE 'UTC')::date - 1;
    day date;
    bound text;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.history', 0));
    FOR day IN SELECT first_day + n FROM generate_series(0, ahead + 1) AS n LOOP
        part := 'history_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('%I.%I', {schema_name}, part)) IS NOT NULL;
        bound := format('finished_at >= %L AND finished_at < %L',
                        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.history INCLUDING ALL, CONSTRAINT of_day CHECK (%s))',
                       {schema_name}, part, {schema_name}, bound);
        EXECUTE format('ALTER TABLE %I.history ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
                       {schema_name}, {schema_name}, part,
                       day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT of_day', {schema_name}, part);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$body$;

SELECT {schema}.ensure_partitions();
