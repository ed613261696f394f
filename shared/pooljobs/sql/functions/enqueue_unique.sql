-- The part of enqueue() for jobs that are unique. The digest is that of pooljobs/job/unique_key.py, so that it does not
-- matter who enqueues. Locks and index: as take_unique, and the new row.
CREATE OR REPLACE FUNCTION {schema}.enqueue_unique(
    job_type text, payload jsonb, queue text, priority integer, delay interval, run_at timestamptz, max_retries integer,
    trace_id text, unique_key text, on_conflict text, tags jsonb, meta jsonb
) RETURNS uuid
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    declared {schema}.job_types;
    rule jsonb;
    digest bytea;
    conflict text;
    due timestamptz;
    runs integer;
    took record;
    new_queue text;
BEGIN
    SELECT t.* INTO declared FROM {schema}.job_types AS t WHERE t.job_type = enqueue_unique.job_type;
    rule := coalesce(declared.unique_rule, '{{}}');
    conflict := coalesce(enqueue_unique.on_conflict, rule ->> 'on_conflict', 'skip');
    IF conflict NOT IN ('skip', 'replace', 'reschedule', 'raise') THEN
        RAISE EXCEPTION 'on_conflict is skip, replace, reschedule or raise, not %', quote_literal(left(conflict, 80))
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF enqueue_unique.unique_key IS NULL AND declared.unique_rule IS NULL THEN
        RAISE EXCEPTION 'on_conflict is for unique jobs, and % is not declared as one',
            quote_literal(left(enqueue_unique.job_type, 200))
            USING ERRCODE = 'invalid_parameter_value', HINT = 'pass a unique_key';
    END IF;
    digest := sha256(convert_to(CASE
        WHEN enqueue_unique.unique_key IS NOT NULL
            THEN jsonb_build_array(enqueue_unique.job_type, 'key', enqueue_unique.unique_key)
        WHEN jsonb_typeof(rule -> 'by') = 'array' THEN jsonb_build_array(enqueue_unique.job_type, 'by', (
            SELECT jsonb_object_agg(f.name, enqueue_unique.payload -> f.name) FROM jsonb_array_elements_text(rule -> 'by') AS f (name)
        ))
        ELSE jsonb_build_array(enqueue_unique.job_type, 'payload', enqueue_unique.payload)
    END::text, 'UTF8'));
    due := coalesce(enqueue_unique.run_at, now()
        + coalesce(enqueue_unique.delay, make_interval(secs => (rule ->> 'wait')::double precision), interval '0'));
    runs := coalesce(enqueue_unique.max_retries, declared.max_retries, 3);
    SELECT t.job_id, t.outcome INTO took
    FROM {schema}.take_unique(
        digest, {schema}.uuid_v7(), coalesce(rule ->> 'until' = 'start', false), (rule ->> 'within')::double precision,
        conflict, enqueue_unique.payload, enqueue_unique.priority, due, runs, (rule ->> 'most')::double precision
    ) AS t;
    IF took.outcome = 'new' THEN
        INSERT INTO {schema}.live AS l (id, job_type, payload, queue, priority, run_at, max_retries, trace_id, unique_key, tags, meta)
        VALUES (
            took.job_id, enqueue_unique.job_type, enqueue_unique.payload,
            coalesce(enqueue_unique.queue, declared.queue, 'default'), enqueue_unique.priority, due, runs,
            enqueue_unique.trace_id, digest, enqueue_unique.tags, enqueue_unique.meta
        )
        RETURNING l.queue INTO new_queue;
        IF {schema}.any_host_idle() THEN PERFORM {schema}.notify_one(new_queue, due); END IF;
    ELSIF took.outcome = 'kept' AND conflict = 'raise' THEN
        RAISE EXCEPTION 'the unique job is there: %', took.job_id USING ERRCODE = 'unique_violation';
    END IF;
    RETURN took.job_id;
END
$body$;
