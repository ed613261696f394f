-- Whether anybody sleeps, told without a query. Every enqueue asks it, after its job is inserted and once more in no
-- older state: a statement of its own for that was a fifth of the cost of an enqueue.
-- The sequence holds the seconds since 1970 until when at least one host sleeps. It is read at its present value,
-- whatever snapshot the reader has, and whoever wrote it need not have committed. That is late enough: a host that
-- falls asleep looks for work afterwards, until all have ended who may have read the value before
-- (shared/pooljobs/sql/look_for_work.sql).
CREATE SEQUENCE {schema}.asleep_until AS bigint MINVALUE 0 START 0;
GRANT SELECT ON SEQUENCE {schema}.asleep_until TO PUBLIC;

-- Keeps the sequence true to the table, whoever writes to that. One at a time: the lock is held until the commit, and
-- the query after it sees what those before it have committed. A day is the most that is believed of a row.
CREATE FUNCTION {schema}.note_sleepers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.asleep_until', 0));
    PERFORM setval(
        format('%I.asleep_until', {schema_name}::text)::regclass,
        (SELECT coalesce(ceil(extract(epoch FROM max(least(s.asleep_until, now() + interval '1 day')))), 0)::bigint
         FROM {schema}.sleepers AS s WHERE s.asleep_until > now())
    );
    RETURN NULL;
END
$body$;

CREATE TRIGGER note_sleepers AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.sleepers
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.note_sleepers();

-- Whether some host sleeps. The planner puts the body in the place of the call, and the sequence is a constant there.
DO $do$
BEGIN
    EXECUTE format(
        'CREATE FUNCTION %I.anybody_asleep() RETURNS boolean LANGUAGE sql VOLATILE'
        ' RETURN coalesce(to_timestamp(pg_sequence_last_value(%L::regclass)) > now(), false)',
        {schema_name}::text, format('%I.asleep_until', {schema_name}::text)
    );
END
$do$;

-- For what this schema knows from before: rows may be there.
UPDATE {schema}.sleepers SET asleep_until = asleep_until;

-- As in 0009_wakeups.sql, behind the quick question. Above READ COMMITTED it notifies as soon as anybody sleeps.
CREATE OR REPLACE FUNCTION {schema}.notify_sleepers(queues text[], run_ats timestamptz[] DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
    everybody constant boolean := current_setting('transaction_isolation') IN ('repeatable read', 'serializable');
    told text[] := '{{}}';
BEGIN
    IF NOT {schema}.anybody_asleep() OR current_setting('pooljobs.notify', true) = 'off' THEN
        RETURN false;
    END IF;
    FOR place IN 1 .. coalesce(cardinality(queues), 0) LOOP
        CONTINUE WHEN queues[place] = ANY (told);
        IF everybody OR EXISTS (
            SELECT FROM {schema}.sleepers AS s
            WHERE s.queue = queues[place] AND s.asleep_until > greatest(run_ats[place], clock_timestamp())
        ) THEN
            PERFORM pg_notify({schema_name}, CASE WHEN octet_length(queues[place]) <= 200 THEN queues[place] ELSE '' END);
            told := told || queues[place];
        END IF;
    END LOOP;
    RETURN told <> '{{}}';
END
$body$;

-- As in 0009_wakeups.sql, and asks the quick question first.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
    job_type text,
    payload jsonb DEFAULT '{{}}',
    queue text DEFAULT NULL,
    priority integer DEFAULT 0,
    delay interval DEFAULT NULL,
    run_at timestamptz DEFAULT NULL,
    max_retries integer DEFAULT NULL,
    trace_id text DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
    new_id uuid;
    new_queue text;
    new_run_at timestamptz;
BEGIN
    IF enqueue.delay IS NOT NULL AND enqueue.run_at IS NOT NULL THEN
        RAISE EXCEPTION 'enqueue takes delay or run_at, not both' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO {schema}.live AS l (job_type, payload, queue, priority, run_at, max_retries, trace_id)
    SELECT
        enqueue.job_type,
        coalesce(enqueue.payload, '{{}}'),
        coalesce(enqueue.queue, t.queue, 'default'),
        enqueue.priority,
        coalesce(enqueue.run_at, now() + coalesce(enqueue.delay, interval '0')),
        coalesce(enqueue.max_retries, t.max_retries, 3),
        enqueue.trace_id
    FROM (SELECT 1) AS one
    LEFT JOIN {schema}.job_types AS t ON t.job_type = enqueue.job_type
    RETURNING l.id, l.queue, l.run_at INTO new_id, new_queue, new_run_at;
    IF {schema}.anybody_asleep() THEN
        PERFORM {schema}.notify_sleepers(ARRAY[new_queue], ARRAY[new_run_at]);
    END IF;
    RETURN new_id;
END
$body$;
