-- Tells the sleepers of one job, as notify_sleepers (0010_gate.sql) does of many, and by the same rules: in one query
-- where the loop over queues takes two. To be called when anybody_asleep() says so, which it does not ask again.
CREATE FUNCTION {schema}.notify_of_one(queue text, run_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
    RETURN CASE
        WHEN current_setting('pooljobs.notify', true) = 'off' THEN false
        WHEN current_setting('transaction_isolation') IN ('repeatable read', 'serializable') OR EXISTS (
            SELECT FROM {schema}.sleepers AS s
            WHERE s.queue = notify_of_one.queue AND s.asleep_until > greatest(notify_of_one.run_at, clock_timestamp())
        )
        THEN pg_notify(
            {schema_name}, CASE WHEN octet_length(notify_of_one.queue) <= 200 THEN notify_of_one.queue ELSE '' END
        )::text IS NOT NULL
        ELSE false
    END;
END
$body$;

-- As in 0010_gate.sql, by way of the shorter function.
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
        PERFORM {schema}.notify_of_one(new_queue, new_run_at);
    END IF;
    RETURN new_id;
END
$body$;
