-- Enqueues one job from anything that speaks SQL: a trigger, psql, another language. What is left out comes from the
-- job type's last declaration, and failing that from the table's defaults. `delay` and `run_at` exclude each other.
-- A `run_at` of 'infinity' is never due: such a job waits until it is cancelled. Names have at most 200 characters.
-- Unique by `unique_key`, or as the job type was declared; `on_conflict` ('skip', 'replace', 'reschedule', 'raise') says
-- what becomes of a job of that key that is there (take_unique.sql). `tags` and `meta` say something of it (checked_labels.sql).
-- Returns the id of the job that is there; a new one commits with the caller's transaction. Idle hosts are told of it.
-- Runs with its owner's rights: whoever may call it needs none on the tables.
CREATE OR REPLACE FUNCTION {schema}.enqueue(
    job_type text, payload jsonb DEFAULT '{{}}', queue text DEFAULT NULL, priority integer DEFAULT 0,
    delay interval DEFAULT NULL, run_at timestamptz DEFAULT NULL, max_retries integer DEFAULT NULL,
    trace_id text DEFAULT NULL, unique_key text DEFAULT NULL, on_conflict text DEFAULT NULL,
    tags text[] DEFAULT NULL, meta jsonb DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    new_id uuid;
    new_queue text;
    new_run_at timestamptz;
    new_tags jsonb;
BEGIN
    IF enqueue.delay IS NOT NULL AND enqueue.run_at IS NOT NULL THEN
        RAISE EXCEPTION 'enqueue takes delay or run_at, not both' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF length(enqueue.job_type) > 200 OR length(enqueue.queue) > 200 OR length(enqueue.trace_id) > 200 THEN
        RAISE EXCEPTION 'job_type, queue and trace_id have at most 200 characters each'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF enqueue.tags IS NOT NULL OR enqueue.meta IS NOT NULL THEN
        new_tags := {schema}.checked_labels(enqueue.tags, enqueue.meta);
    END IF;
    IF enqueue.unique_key IS NULL AND enqueue.on_conflict IS NULL THEN
        INSERT INTO {schema}.live AS l (job_type, payload, queue, priority, run_at, max_retries, trace_id, tags, meta)
        SELECT
            enqueue.job_type, coalesce(enqueue.payload, '{{}}'), coalesce(enqueue.queue, t.queue, 'default'),
            enqueue.priority, coalesce(enqueue.run_at, now() + coalesce(enqueue.delay, interval '0')),
            coalesce(enqueue.max_retries, t.max_retries, 3), enqueue.trace_id, new_tags, nullif(enqueue.meta, '{{}}')
        FROM (SELECT 1) AS one
        LEFT JOIN {schema}.job_types AS t ON t.job_type = enqueue.job_type
        WHERE t.unique_rule IS NULL
        RETURNING l.id, l.queue, l.run_at INTO new_id, new_queue, new_run_at;
        IF FOUND THEN
            IF {schema}.any_host_idle() THEN PERFORM {schema}.notify_one(new_queue, new_run_at); END IF;
            RETURN new_id;
        END IF;
    END IF;
    RETURN {schema}.enqueue_unique(
        enqueue.job_type, coalesce(enqueue.payload, '{{}}'), enqueue.queue, enqueue.priority, enqueue.delay, enqueue.run_at,
        enqueue.max_retries, enqueue.trace_id, enqueue.unique_key, enqueue.on_conflict, new_tags,
        nullif(enqueue.meta, '{{}}')
    );
END
$body$;
