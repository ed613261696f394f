-- Stores a schedule, from anything that speaks SQL, or replaces the stored one of that name; part of the caller's
-- transaction. Each tick enqueues a job of this type with this payload; a null `queue` or `max_retries` is as the type was
-- declared. `cron` has five fields, or is a name such as '@daily', in the zone `tz`; or there is `every`, counted from 1970.
-- An expression that cannot be read, or a zone that is none, is told in the row's `error` when a steward has looked. Returns whether it is new.
-- A pause, and what was enqueued last, stay as they are. Runs with its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.schedule(
    name text, job_type text, payload jsonb DEFAULT '{{}}', cron text DEFAULT NULL, every interval DEFAULT NULL,
    tz text DEFAULT 'UTC', queue text DEFAULT NULL, priority integer DEFAULT 0, max_retries integer DEFAULT NULL,
    jitter interval DEFAULT interval '0', catch_up text DEFAULT 'last', overlap text DEFAULT 'skip'
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
#variable_conflict use_column
DECLARE
    is_new boolean;
BEGIN
    IF (schedule.cron IS NULL) = (schedule.every IS NULL) THEN
        RAISE EXCEPTION 'a schedule has cron or every, one of them' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF schedule.every < interval '1 second' THEN
        RAISE EXCEPTION 'every is at least a second' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO {schema}.schedules AS s
        (name, job_type, payload, queue, priority, max_retries, cron, every, tz, jitter, catch_up, overlap)
    VALUES (
        schedule.name, schedule.job_type, coalesce(schedule.payload, '{{}}'), schedule.queue, schedule.priority,
        schedule.max_retries, schedule.cron, date_part('epoch', schedule.every), schedule.tz,
        date_part('epoch', schedule.jitter), schedule.catch_up, schedule.overlap
    )
    ON CONFLICT ON CONSTRAINT schedules_pkey DO UPDATE
    SET job_type = excluded.job_type, payload = excluded.payload, queue = excluded.queue, priority = excluded.priority,
        max_retries = excluded.max_retries, cron = excluded.cron, every = excluded.every, tz = excluded.tz,
        jitter = excluded.jitter, catch_up = excluded.catch_up, overlap = excluded.overlap
    WHERE s.app IS NULL
    RETURNING s.xmax = 0 INTO is_new;
    IF is_new IS NULL THEN
        RAISE EXCEPTION 'the schedule % is declared in code', quote_literal(schedule.name)
            USING ERRCODE = 'unique_violation', HINT = 'take another name, or edit the times of that one';
    END IF;
    RETURN is_new;
END
$body$;
