CREATE SEQUENCE pooljobs.idle_until AS bigint MINVALUE 0 START 0;

CREATE SEQUENCE pooljobs.waiting_until AS bigint MINVALUE 0 START 0;

CREATE TABLE pooljobs.cancellations (
    job_id uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL DEFAULT now(),
    reason text,
    CONSTRAINT cancellations_pkey PRIMARY KEY (job_id)
);

CREATE TABLE pooljobs.declarations (
    fleet bigint NOT NULL,
    code bigint NOT NULL,
    job_type text NOT NULL,
    queue text NOT NULL,
    max_retries integer NOT NULL,
    retry_policy text NOT NULL,
    retry_delay_secs double precision NOT NULL,
    CONSTRAINT declarations_pkey PRIMARY KEY (fleet, code, job_type)
);

CREATE TABLE pooljobs.fleets (
    id bigint NOT NULL,
    host text NOT NULL,
    boot_id text,
    pid_namespace text,
    pid integer NOT NULL,
    pid_started bigint,
    version text NOT NULL,
    started_at timestamp with time zone NOT NULL DEFAULT now(),
    seen_until timestamp with time zone NOT NULL,
    CONSTRAINT fleets_pkey PRIMARY KEY (id)
) WITH (fillfactor=50);

CREATE TABLE pooljobs.history (
    id uuid NOT NULL,
    run_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone NOT NULL,
    worker_id bigint,
    fence bigint NOT NULL,
    max_retries integer NOT NULL,
    attempts integer NOT NULL,
    crashes smallint NOT NULL,
    losses smallint NOT NULL,
    priority smallint NOT NULL,
    status text NOT NULL,
    queue text NOT NULL,
    job_type text NOT NULL,
    trace_id text,
    last_error text,
    payload jsonb NOT NULL,
    interruptions integer,
    flags smallint,
    snoozes integer,
    unique_key bytea,
    result json,
    result_note text,
    tags jsonb,
    meta jsonb,
    CONSTRAINT history_status_known CHECK ((status = ANY (ARRAY['completed'::text, 'failed'::text, 'cancelled'::text])))
) PARTITION BY RANGE (finished_at);

ALTER TABLE pooljobs.history REPLICA IDENTITY FULL;

CREATE INDEX history_failed ON ONLY pooljobs.history USING btree (finished_at DESC) WHERE (status = 'failed'::text);

CREATE INDEX history_id ON ONLY pooljobs.history USING brin (id uuid_minmax_multi_ops, finished_at) WITH (pages_per_range='32', autosummarize='on');

CREATE TABLE pooljobs.idle_hosts (
    queue text NOT NULL,
    fleet bigint NOT NULL,
    idle_until timestamp with time zone NOT NULL,
    CONSTRAINT idle_hosts_pkey PRIMARY KEY (queue, fleet)
) WITH (fillfactor=20, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=200);

CREATE TRIGGER note_idle_hosts AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON pooljobs.idle_hosts FOR EACH STATEMENT EXECUTE FUNCTION pooljobs.note_idle_hosts();

GRANT SELECT ON pooljobs.idle_hosts TO PUBLIC;

CREATE TABLE pooljobs.job_types (
    job_type text NOT NULL,
    queue text NOT NULL,
    max_retries integer NOT NULL,
    retry_policy text NOT NULL,
    retry_delay_secs double precision NOT NULL,
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    declared_until timestamp with time zone NOT NULL DEFAULT '-infinity'::timestamp with time zone,
    secret text[] NOT NULL DEFAULT '{}'::text[],
    unique_rule jsonb,
    CONSTRAINT job_types_pkey PRIMARY KEY (job_type),
    CONSTRAINT job_types_numbers_in_range CHECK (((max_retries >= 1) AND (retry_delay_secs >= (0)::double precision))),
    CONSTRAINT job_types_retry_policy_known CHECK ((retry_policy = ANY (ARRAY['exponential'::text, 'fixed'::text, 'none'::text])))
);

CREATE TABLE pooljobs.leaders (
    name text NOT NULL,
    fleet bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT leaders_pkey PRIMARY KEY (name)
) WITH (fillfactor=50);

CREATE TABLE pooljobs.live (
    id uuid NOT NULL DEFAULT pooljobs.uuid_v7(),
    run_at timestamp with time zone NOT NULL DEFAULT now(),
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    started_at timestamp with time zone,
    worker_id bigint,
    fence bigint NOT NULL DEFAULT 0,
    token bigint,
    max_retries integer NOT NULL DEFAULT 3,
    attempts integer NOT NULL DEFAULT 0,
    crashes smallint NOT NULL DEFAULT 0,
    losses smallint NOT NULL DEFAULT 0,
    priority smallint NOT NULL DEFAULT 0,
    queue text NOT NULL DEFAULT 'default'::text,
    job_type text NOT NULL,
    trace_id text,
    last_error text,
    payload jsonb NOT NULL DEFAULT '{}'::jsonb,
    suspect boolean,
    start_recorded boolean,
    interruptions integer,
    flags smallint,
    refused_since timestamp with time zone,
    snoozes integer,
    unique_key bytea,
    tags jsonb,
    meta jsonb,
    CONSTRAINT live_pkey PRIMARY KEY (id),
    CONSTRAINT live_job_type_named CHECK ((job_type <> ''::text)),
    CONSTRAINT live_max_retries_positive CHECK ((max_retries >= 1)),
    CONSTRAINT live_owned_whole CHECK (((worker_id IS NULL) = (token IS NULL))),
    CONSTRAINT live_priority_in_range CHECK (((priority >= '-4'::integer) AND (priority <= 4))),
    CONSTRAINT live_queue_named CHECK ((queue <> ''::text))
) WITH (vacuum_truncate=off, autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=20000, autovacuum_analyze_scale_factor=0, autovacuum_analyze_threshold=50000, fillfactor=45);

CREATE INDEX live_claim ON pooljobs.live USING btree (queue, priority, run_at, id) WHERE (queue <> ''::text);

CREATE TABLE pooljobs.migrations (
    version integer NOT NULL,
    name text NOT NULL,
    oldest_code integer NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT migrations_pkey PRIMARY KEY (version)
);

GRANT SELECT ON pooljobs.migrations TO PUBLIC;

CREATE TABLE pooljobs.pauses (
    kind text NOT NULL,
    name text NOT NULL,
    paused_at timestamp with time zone NOT NULL DEFAULT now(),
    database_user text NOT NULL DEFAULT SESSION_USER,
    paused_by text,
    reason text,
    CONSTRAINT pauses_pkey PRIMARY KEY (kind, name),
    CONSTRAINT pauses_kind_known CHECK ((kind = ANY (ARRAY['queue'::text, 'type'::text]))),
    CONSTRAINT pauses_named CHECK ((name <> ''::text))
);

CREATE TRIGGER tell_pauses AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON pooljobs.pauses FOR EACH STATEMENT EXECUTE FUNCTION pooljobs.tell_pauses();

GRANT SELECT ON pooljobs.pauses TO PUBLIC;

CREATE TABLE pooljobs.progress (
    worker_id bigint NOT NULL,
    reports jsonb NOT NULL,
    CONSTRAINT progress_pkey PRIMARY KEY (worker_id)
) WITH (fillfactor=30, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

CREATE TABLE pooljobs.schedule_declarations (
    fleet bigint NOT NULL,
    code bigint NOT NULL,
    app text NOT NULL,
    name text NOT NULL,
    definition jsonb,
    first_seen timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT schedule_declarations_pkey PRIMARY KEY (fleet, code, name)
);

CREATE TABLE pooljobs.schedules (
    name text NOT NULL,
    app text,
    job_type text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}'::jsonb,
    queue text,
    priority integer NOT NULL DEFAULT 0,
    max_retries integer,
    cron text,
    every double precision,
    tz text NOT NULL DEFAULT 'UTC'::text,
    jitter double precision NOT NULL DEFAULT 0,
    catch_up text NOT NULL DEFAULT 'last'::text,
    overlap text NOT NULL DEFAULT 'skip'::text,
    definition jsonb,
    edited boolean NOT NULL DEFAULT false,
    next_at timestamp with time zone,
    last_tick timestamp with time zone,
    last_job uuid,
    skipped_tick timestamp with time zone,
    paused_at timestamp with time zone,
    paused_by text,
    paused_reason text,
    retired_at timestamp with time zone,
    error text,
    retry_at timestamp with time zone,
    due_at timestamp with time zone DEFAULT COALESCE(retry_at, next_at, '-infinity'::timestamp with time zone),
    CONSTRAINT schedules_pkey PRIMARY KEY (name),
    CONSTRAINT schedules_catch_up_known CHECK ((catch_up = ANY (ARRAY['last'::text, 'all'::text, 'none'::text]))),
    CONSTRAINT schedules_name_length CHECK (((length(name) >= 1) AND (length(name) <= 150))),
    CONSTRAINT schedules_overlap_known CHECK ((overlap = ANY (ARRAY['skip'::text, 'allow'::text])))
) WITH (fillfactor=50, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

CREATE INDEX schedules_due ON pooljobs.schedules USING btree (due_at) WHERE ((paused_at IS NULL) AND (retired_at IS NULL));

CREATE TRIGGER note_schedule BEFORE INSERT OR UPDATE OF job_type, payload, queue, priority, max_retries, cron, every, tz, jitter, catch_up, overlap, paused_at, retired_at ON pooljobs.schedules FOR EACH ROW EXECUTE FUNCTION pooljobs.note_schedule();

CREATE TABLE pooljobs.uniques (
    key bytea NOT NULL,
    job_id uuid NOT NULL,
    taken_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    until timestamp with time zone,
    CONSTRAINT uniques_pkey PRIMARY KEY (key)
) WITH (fillfactor=80);

CREATE TABLE pooljobs.waiters (
    job_id uuid NOT NULL,
    waiter bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT waiters_pkey PRIMARY KEY (job_id, waiter)
) WITH (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000);

GRANT SELECT ON pooljobs.waiters TO PUBLIC;

CREATE TABLE pooljobs.workers (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    fleet bigint NOT NULL,
    code bigint NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    ordinal integer NOT NULL,
    queues text[] NOT NULL,
    job_timeout interval NOT NULL,
    started_at timestamp with time zone NOT NULL DEFAULT now(),
    leased_until timestamp with time zone NOT NULL,
    dead_at timestamp with time zone,
    CONSTRAINT workers_pkey PRIMARY KEY (id),
    CONSTRAINT workers_job_timeout_in_range CHECK (((job_timeout >= '00:00:00'::interval) AND (job_timeout <= '100 years'::interval)))
) WITH (fillfactor=50);

CREATE OR REPLACE FUNCTION pooljobs.any_host_idle()
 RETURNS boolean
 LANGUAGE sql
RETURN COALESCE((to_timestamp((pg_sequence_last_value('pooljobs.idle_until'::regclass))::double precision) > now()), false);

CREATE OR REPLACE FUNCTION pooljobs.anybody_waits()
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN coalesce(
        to_timestamp(pg_sequence_last_value(to_regclass(format('%I.waiting_until', 'pooljobs'::text)))) > now(), false
    );
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.cancel(job_id uuid, reason text DEFAULT NULL::text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    said text := left(nullif(btrim(split_part(cancel.reason, E'\n', 1)), ''), 1000);
    outcome text;
BEGIN
    IF "pooljobs".cancel_pending(cancel.job_id, said) THEN RETURN 'cancelled'; END IF;
    outcome := CASE  -- one snapshot for both tables: a job that moves between them is seen in one of them
        WHEN EXISTS (SELECT FROM "pooljobs".live AS l WHERE l.id = cancel.job_id) THEN 'requested'
        WHEN EXISTS (SELECT FROM "pooljobs".history AS h WHERE h.id = cancel.job_id) THEN 'ended'
    END;
    IF outcome = 'requested' THEN
        INSERT INTO "pooljobs".cancellations AS c (job_id, reason) VALUES (cancel.job_id, said)
        ON CONFLICT ON CONSTRAINT cancellations_pkey DO UPDATE SET reason = coalesce(c.reason, excluded.reason);
        IF "pooljobs".may_notify() THEN
            PERFORM pg_notify('pooljobs', '!act');
        END IF;
    END IF;
    RETURN outcome;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.cancel_pending(job_id uuid, reason text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    PERFORM 1 FROM "pooljobs".live AS l
    WHERE l.id = cancel_pending.job_id AND l.worker_id IS NULL
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN false; END IF;
    IF to_regclass(format('%I.%I', 'pooljobs', 'history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))) IS NULL THEN
        PERFORM "pooljobs".ensure_partitions();
    END IF;
    WITH ended AS (
        DELETE FROM "pooljobs".live AS l
        WHERE l.id = cancel_pending.job_id
        RETURNING l.*
    )
    INSERT INTO "pooljobs".history (run_at, finished_at, max_retries, attempts, crashes, losses, status, last_error, id, created_at, fence, interruptions, priority, queue, job_type, trace_id, payload, flags, snoozes, unique_key, tags, meta)
    SELECT
        e.run_at, now(), e.max_retries, e.attempts, e.crashes, e.losses, 'cancelled',
        left(concat_ws(E'\n\n',
            CASE WHEN e.attempts = 0 THEN 'cancelled before it ran' ELSE 'cancelled before run ' || e.attempts::bigint + 1 END
                || coalesce(': ' || left(cancel_pending.reason, 1000), ''),
            left(e.last_error, 8192)), 8192),
        e.id, e.created_at, e.fence, e.interruptions, e.priority, e.queue, e.job_type, e.trace_id, e.payload, e.flags, e.snoozes, e.unique_key, e.tags, e.meta
    FROM ended AS e;
    DELETE FROM "pooljobs".cancellations AS c WHERE c.job_id = cancel_pending.job_id;
    IF "pooljobs".anybody_waits() THEN PERFORM "pooljobs".tell_waiters(ARRAY[cancel_pending.job_id], now()); END IF;
    RETURN true;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.checked_labels(tags text[], meta jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    checked jsonb;
    amount bigint;
    wrong text;
BEGIN
    IF jsonb_typeof(checked_labels.meta) <> 'object' THEN
        RAISE EXCEPTION 'meta must be a JSON object, not %', jsonb_typeof(checked_labels.meta)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'pass names and values';
    END IF;
    IF octet_length(checked_labels.meta::text) > 4096 THEN
        RAISE EXCEPTION 'meta has at most 4096 bytes of JSON, not %', octet_length(checked_labels.meta::text)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what the handler works on into the payload';
    END IF;
    SELECT jsonb_agg(t.tag ORDER BY t.place), count(*) INTO checked, amount
    FROM (
        SELECT u.tag, min(u.place) AS place FROM unnest(checked_labels.tags) WITH ORDINALITY AS u (tag, place) GROUP BY u.tag
    ) AS t;
    IF amount > 16 THEN
        RAISE EXCEPTION 'a job has at most 16 tags, not %', amount
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what tells this job from all others into meta';
    END IF;
    SELECT coalesce(left(t.tag, 40), 'null') INTO wrong
    FROM unnest(checked_labels.tags) AS t (tag)
    WHERE coalesce(length(t.tag), 0) NOT BETWEEN 1 AND 64
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a tag has 1 to 64 characters, and % has not', quote_literal(wrong)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what is longer into meta';
    END IF;
    RETURN checked;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.complete(job_id uuid, fence bigint, token bigint, started_ago double precision)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    WITH ended AS (
        DELETE FROM "pooljobs".live AS l
        WHERE l.id = complete.job_id AND l.fence = complete.fence AND l.token = complete.token
        RETURNING l.*
    )
    INSERT INTO "pooljobs".history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, id, created_at, fence, interruptions, priority, queue, job_type, trace_id, payload, flags, snoozes, unique_key, tags, meta
    )
    SELECT
        e.run_at, now() - make_interval(secs => complete.started_ago), now(), e.worker_id, e.max_retries, least(e.attempts, 2147483646) + 1,
        e.crashes, e.losses, 'completed', e.last_error, e.id, e.created_at, e.fence, e.interruptions, e.priority, e.queue, e.job_type, e.trace_id, e.payload, e.flags, e.snoozes, e.unique_key, e.tags, e.meta
    FROM ended AS e;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.edit_schedule(name text, cron text DEFAULT NULL::text, every interval DEFAULT NULL::interval, tz text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF edit_schedule.cron IS NOT NULL AND edit_schedule.every IS NOT NULL THEN
        RAISE EXCEPTION 'a schedule has cron or every, one of them' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF edit_schedule.every < interval '1 second' THEN
        RAISE EXCEPTION 'every is at least a second' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF edit_schedule.cron IS NULL AND edit_schedule.every IS NULL THEN
        UPDATE "pooljobs".schedules AS s
        SET cron = s.definition ->> 'cron', every = (s.definition ->> 'every')::double precision,
            tz = s.definition ->> 'tz', edited = false
        WHERE s.name = edit_schedule.name AND s.app IS NOT NULL;
    ELSE
        UPDATE "pooljobs".schedules AS s
        SET cron = edit_schedule.cron, every = date_part('epoch', edit_schedule.every),
            tz = CASE WHEN edit_schedule.every IS NULL THEN coalesce(edit_schedule.tz, s.tz) ELSE 'UTC' END,
            edited = s.app IS NOT NULL
        WHERE s.name = edit_schedule.name;
    END IF;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.ended_badly(job_id uuid, since timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    latest constant timestamptz := clock_timestamp();  -- partitions of the days to come are not read either
BEGIN
    RETURN EXISTS (
        SELECT FROM "pooljobs".history AS h
        WHERE h.id = ended_badly.job_id AND h.status <> 'completed'
          AND h.finished_at >= ended_badly.since - interval '1 hour' AND h.finished_at <= latest
    );
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.enqueue(job_type text, payload jsonb DEFAULT '{}'::jsonb, queue text DEFAULT NULL::text, priority integer DEFAULT 0, delay interval DEFAULT NULL::interval, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_retries integer DEFAULT NULL::integer, trace_id text DEFAULT NULL::text, unique_key text DEFAULT NULL::text, on_conflict text DEFAULT NULL::text, tags text[] DEFAULT NULL::text[], meta jsonb DEFAULT NULL::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
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
        new_tags := "pooljobs".checked_labels(enqueue.tags, enqueue.meta);
    END IF;
    IF enqueue.unique_key IS NULL AND enqueue.on_conflict IS NULL THEN
        INSERT INTO "pooljobs".live AS l (job_type, payload, queue, priority, run_at, max_retries, trace_id, tags, meta)
        SELECT
            enqueue.job_type, coalesce(enqueue.payload, '{}'), coalesce(enqueue.queue, t.queue, 'default'),
            enqueue.priority, coalesce(enqueue.run_at, now() + coalesce(enqueue.delay, interval '0')),
            coalesce(enqueue.max_retries, t.max_retries, 3), enqueue.trace_id, new_tags, nullif(enqueue.meta, '{}')
        FROM (SELECT 1) AS one
        LEFT JOIN "pooljobs".job_types AS t ON t.job_type = enqueue.job_type
        WHERE t.unique_rule IS NULL
        RETURNING l.id, l.queue, l.run_at INTO new_id, new_queue, new_run_at;
        IF FOUND THEN
            IF "pooljobs".any_host_idle() THEN PERFORM "pooljobs".notify_one(new_queue, new_run_at); END IF;
            RETURN new_id;
        END IF;
    END IF;
    RETURN "pooljobs".enqueue_unique(
        enqueue.job_type, coalesce(enqueue.payload, '{}'), enqueue.queue, enqueue.priority, enqueue.delay, enqueue.run_at,
        enqueue.max_retries, enqueue.trace_id, enqueue.unique_key, enqueue.on_conflict, new_tags,
        nullif(enqueue.meta, '{}')
    );
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.enqueue_unique(job_type text, payload jsonb, queue text, priority integer, delay interval, run_at timestamp with time zone, max_retries integer, trace_id text, unique_key text, on_conflict text, tags jsonb, meta jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    declared "pooljobs".job_types;
    rule jsonb;
    digest bytea;
    conflict text;
    due timestamptz;
    runs integer;
    took record;
    new_queue text;
BEGIN
    SELECT t.* INTO declared FROM "pooljobs".job_types AS t WHERE t.job_type = enqueue_unique.job_type;
    rule := coalesce(declared.unique_rule, '{}');
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
    FROM "pooljobs".take_unique(
        digest, "pooljobs".uuid_v7(), coalesce(rule ->> 'until' = 'start', false), (rule ->> 'within')::double precision,
        conflict, enqueue_unique.payload, enqueue_unique.priority, due, runs, (rule ->> 'most')::double precision
    ) AS t;
    IF took.outcome = 'new' THEN
        INSERT INTO "pooljobs".live AS l (id, job_type, payload, queue, priority, run_at, max_retries, trace_id, unique_key, tags, meta)
        VALUES (
            took.job_id, enqueue_unique.job_type, enqueue_unique.payload,
            coalesce(enqueue_unique.queue, declared.queue, 'default'), enqueue_unique.priority, due, runs,
            enqueue_unique.trace_id, digest, enqueue_unique.tags, enqueue_unique.meta
        )
        RETURNING l.queue INTO new_queue;
        IF "pooljobs".any_host_idle() THEN PERFORM "pooljobs".notify_one(new_queue, due); END IF;
    ELSIF took.outcome = 'kept' AND conflict = 'raise' THEN
        RAISE EXCEPTION 'the unique job is there: %', took.job_id USING ERRCODE = 'unique_violation';
    END IF;
    RETURN took.job_id;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.ensure_partitions(ahead integer DEFAULT 14)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    made integer := 0;
    first_day date := (now() AT TIME ZONE 'UTC')::date - 1;
    day date;
    bound text;
    part text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pooljobs' || '.history', 0));
    FOR day IN SELECT first_day + n FROM generate_series(0, least(ahead, 366) + 1) AS n LOOP
        part := 'history_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('%I.%I', 'pooljobs', part)) IS NOT NULL;
        bound := format('finished_at >= %L AND finished_at < %L',
                        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.history INCLUDING ALL, CONSTRAINT of_day CHECK (%s))',
                       'pooljobs', part, 'pooljobs', bound);
        EXECUTE format('ALTER TABLE %I.%I REPLICA IDENTITY FULL', 'pooljobs', part);
        EXECUTE format('ALTER TABLE %I.history ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', 'pooljobs',
                       'pooljobs', part, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT of_day', 'pooljobs', part);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.find_results(ids uuid[], ended_from timestamp with time zone, ended_to timestamp with time zone)
 RETURNS TABLE(job_id uuid, job_type text, state text, attempts integer, finished_at timestamp with time zone, error text, result text, note text, progress text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    ended uuid[] := ARRAY(
        SELECT g.id FROM unnest(find_results.ids) AS g (id)
        WHERE (SELECT l.id FROM "pooljobs".live AS l WHERE l.id = g.id) IS NULL
        ORDER BY g.id
    );
    part regclass;
    found uuid[] := '{}';
BEGIN
    RETURN QUERY
    SELECT l.id, left(l.job_type, 200), CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END,
        least(l.attempts, 2147483646) + (l.worker_id IS NOT NULL)::integer, NULL::timestamptz, left(l.last_error, 8192),
        NULL::text, NULL::text, (
            SELECT left((p.reports -> l.id::text)::text, 4000)
            FROM "pooljobs".progress AS p
            WHERE p.worker_id = l.worker_id AND p.reports -> l.id::text -> 'token' = to_jsonb(l.token)
        )
    FROM unnest(find_results.ids) AS g (id)
    JOIN "pooljobs".live AS l ON l.id BETWEEN g.id AND g.id;
    IF ended = '{}' THEN RETURN; END IF;
    IF ended_from > now() - interval '1 minute' THEN
        part := to_regclass(format(
            '%I.%I', 'pooljobs'::text, 'history_' || to_char(least(ended_to, now()) AT TIME ZONE 'UTC', 'YYYYMMDD')
        ));
    END IF;
    IF part IS NOT NULL THEN
        FOR job_id, job_type, state, attempts, finished_at, error, result, note IN EXECUTE format(
            'SELECT h.id, left(h.job_type, 200), h.status, h.attempts, h.finished_at, left(h.last_error, 8192), h.result::text,'
            ' left(h.result_note, 1000) FROM %s AS h WHERE h.ctid >= %L::tid AND h.id = ANY ($1)',
            part, format('(%s,0)', greatest(pg_relation_size(part) / current_setting('block_size')::bigint - 64, 0))
        ) USING ended LOOP
            found := found || job_id;
            RETURN NEXT;
        END LOOP;
        ended := ARRAY(SELECT g.id FROM unnest(ended) AS g (id) WHERE NOT g.id = ANY (found) ORDER BY g.id);
        IF ended = '{}' THEN RETURN; END IF;
    END IF;
    RETURN QUERY
    SELECT n.id, left(n.job_type, 200), n.status, n.attempts, n.finished_at, left(n.last_error, 8192), n.result::text,
        left(n.result_note, 1000), NULL::text
    FROM (
        SELECT h.id, h.job_type, h.status, h.attempts, h.finished_at, h.last_error, h.result, h.result_note
        FROM "pooljobs".history AS h
        WHERE h.id BETWEEN ended[1] AND ended[cardinality(ended)]
          AND h.finished_at BETWEEN find_results.ended_from AND find_results.ended_to
        OFFSET 0
    ) AS n
    WHERE n.id IN (SELECT unnest(ended));
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.look_up_types(job_types text[])
 RETURNS TABLE(job_type text, retry_policy text, secret text[], unknown boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
BEGIN ATOMIC
 WITH living AS MATERIALIZED (
          SELECT f.id
            FROM pooljobs.fleets f
           WHERE (f.seen_until > now())
         ), known AS MATERIALIZED (
          SELECT DISTINCT d.job_type
            FROM (pooljobs.declarations d
              JOIN living f ON ((f.id = d.fleet)))
         )
  SELECT asked.job_type,
     t.retry_policy,
     t.secret,
     ((EXISTS ( SELECT
            FROM living)) AND (NOT (asked.job_type IN ( SELECT k.job_type
            FROM known k))))
    FROM (( SELECT DISTINCT n.name
            FROM unnest(look_up_types.job_types) n(name)) asked(job_type)
      LEFT JOIN pooljobs.job_types t ON ((t.job_type = asked.job_type)));
END;

CREATE OR REPLACE FUNCTION pooljobs.may_notify()
 RETURNS boolean
 LANGUAGE sql
RETURN ((COALESCE(current_setting('pooljobs.notify'::text, true), 'on'::text) <> 'off'::text) AND (pg_notification_queue_usage() < (0.75)::double precision));

CREATE OR REPLACE FUNCTION pooljobs.note_idle_hosts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pooljobs' || '.idle_until', 0));
    PERFORM setval(
        format('%I.idle_until', 'pooljobs'::text)::regclass,
        (SELECT coalesce(ceil(extract(epoch FROM max(least(s.idle_until, now() + interval '1 day')))), 0)::bigint
         FROM "pooljobs".idle_hosts AS s WHERE s.idle_until > now())
    );
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.note_schedule()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        NEW.error := NULL;
        NEW.retry_at := NULL;
        IF NEW.next_at IS NOT DISTINCT FROM OLD.next_at AND (
            (NEW.cron, NEW.every, NEW.tz) IS DISTINCT FROM (OLD.cron, OLD.every, OLD.tz)
            OR (NEW.paused_at IS NULL AND OLD.paused_at IS NOT NULL)
            OR (NEW.retired_at IS NULL AND OLD.retired_at IS NOT NULL)
        ) THEN
            NEW.next_at := NULL;
        END IF;
    END IF;
    IF "pooljobs".may_notify() THEN
        PERFORM pg_notify('pooljobs', '!act');
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.notify_many(queues text[], run_ats timestamp with time zone[] DEFAULT NULL::timestamp with time zone[])
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    everybody constant boolean := current_setting('transaction_isolation') IN ('repeatable read', 'serializable');
    told text[] := '{}';
BEGIN
    IF NOT "pooljobs".any_host_idle() OR NOT "pooljobs".may_notify() THEN
        RETURN false;
    END IF;
    FOR place IN 1 .. coalesce(cardinality(queues), 0) LOOP
        CONTINUE WHEN queues[place] = ANY (told);
        IF everybody OR EXISTS (
            SELECT FROM "pooljobs".idle_hosts AS s
            WHERE s.queue = queues[place] AND s.idle_until > greatest(run_ats[place], clock_timestamp())
        ) THEN
            PERFORM pg_notify('pooljobs', CASE WHEN octet_length(queues[place]) <= 200 THEN queues[place] ELSE '' END);
            told := told || queues[place];
        END IF;
    END LOOP;
    RETURN told <> '{}';
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.notify_one(queue text, run_at timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
BEGIN
    RETURN CASE
        WHEN (
            pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'repeatable read'
            OR pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'serializable'
            OR EXISTS (
                SELECT FROM "pooljobs".idle_hosts AS s
                WHERE s.queue OPERATOR(pg_catalog.=) notify_one.queue
                  AND s.idle_until OPERATOR(pg_catalog.>) greatest(notify_one.run_at, pg_catalog.clock_timestamp())
            )
        ) AND "pooljobs".may_notify()
        THEN pg_catalog.pg_notify(
            'pooljobs',
            CASE WHEN pg_catalog.octet_length(notify_one.queue) OPERATOR(pg_catalog.<=) 200 THEN notify_one.queue ELSE '' END
        )::pg_catalog.text IS NOT NULL
        ELSE false
    END;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.pause_queue(name text, reason text DEFAULT NULL::text, paused_by text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO "pooljobs".pauses (kind, name, reason, paused_by)
    VALUES (
        'queue', pause_queue.name,
        left(nullif(btrim(split_part(pause_queue.reason, E'\n', 1)), ''), 1000),
        left(nullif(btrim(split_part(pause_queue.paused_by, E'\n', 1)), ''), 200)
    )
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.pause_schedule(name text, reason text DEFAULT NULL::text, by text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE "pooljobs".schedules AS s
    SET paused_at = coalesce(s.paused_at, now()), paused_by = left(coalesce(pause_schedule.by, session_user), 200),
        paused_reason = left(pause_schedule.reason, 1000)
    WHERE s.name = pause_schedule.name AND (s.paused_at IS NULL OR pause_schedule.reason IS NOT NULL);
    RETURN EXISTS (SELECT FROM "pooljobs".schedules AS s WHERE s.name = pause_schedule.name);
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.pause_type(name text, reason text DEFAULT NULL::text, paused_by text DEFAULT NULL::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO "pooljobs".pauses (kind, name, reason, paused_by)
    VALUES (
        'type', pause_type.name,
        left(nullif(btrim(split_part(pause_type.reason, E'\n', 1)), ''), 1000),
        left(nullif(btrim(split_part(pause_type.paused_by, E'\n', 1)), ''), 200)
    )
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.resume_queue(name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    DELETE FROM "pooljobs".pauses AS p WHERE p.kind = 'queue' AND p.name = resume_queue.name;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.resume_schedule(name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE "pooljobs".schedules AS s
    SET paused_at = NULL, paused_by = NULL, paused_reason = NULL
    WHERE s.name = resume_schedule.name;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.resume_type(name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    DELETE FROM "pooljobs".pauses AS p WHERE p.kind = 'type' AND p.name = resume_type.name;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.run_schedule(name text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    new_id uuid;
BEGIN
    SELECT "pooljobs".enqueue(s.job_type, s.payload, queue => s.queue, priority => s.priority, max_retries => s.max_retries)
    INTO new_id FROM "pooljobs".schedules AS s WHERE s.name = run_schedule.name;
    UPDATE "pooljobs".schedules AS s SET last_job = new_id WHERE s.name = run_schedule.name;
    RETURN new_id;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.schedule(name text, job_type text, payload jsonb DEFAULT '{}'::jsonb, cron text DEFAULT NULL::text, every interval DEFAULT NULL::interval, tz text DEFAULT 'UTC'::text, queue text DEFAULT NULL::text, priority integer DEFAULT 0, max_retries integer DEFAULT NULL::integer, jitter interval DEFAULT '00:00:00'::interval, catch_up text DEFAULT 'last'::text, overlap text DEFAULT 'skip'::text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
    INSERT INTO "pooljobs".schedules AS s
        (name, job_type, payload, queue, priority, max_retries, cron, every, tz, jitter, catch_up, overlap)
    VALUES (
        schedule.name, schedule.job_type, coalesce(schedule.payload, '{}'), schedule.queue, schedule.priority,
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
$function$;

CREATE OR REPLACE FUNCTION pooljobs.take_unique(key bytea, id uuid, until_start boolean DEFAULT false, within double precision DEFAULT NULL::double precision, on_conflict text DEFAULT 'skip'::text, payload jsonb DEFAULT NULL::jsonb, priority integer DEFAULT NULL::integer, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone, max_retries integer DEFAULT NULL::integer, most double precision DEFAULT NULL::double precision, OUT job_id uuid, OUT outcome text)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    changes constant boolean := take_unique.on_conflict IN ('replace', 'reschedule');
    new_until constant timestamptz := now() + make_interval(secs => take_unique.within);
    held record;
    changed record;
BEGIN
    LOOP
        INSERT INTO "pooljobs".uniques AS u (key, job_id, until) VALUES (take_unique.key, take_unique.id, new_until)
        ON CONFLICT ON CONSTRAINT uniques_pkey DO NOTHING;
        EXIT WHEN FOUND;
        IF changes THEN  -- those who replace one job take turns
            PERFORM FROM "pooljobs".uniques AS u WHERE u.key = take_unique.key FOR UPDATE;
        END IF;
        SELECT u.job_id, u.taken_at, u.until, l.id IS NOT NULL AS alive INTO held
        FROM "pooljobs".uniques AS u LEFT JOIN "pooljobs".live AS l ON l.id = u.job_id
        WHERE u.key = take_unique.key;
        CONTINUE WHEN NOT FOUND;  -- swept meanwhile
        IF held.alive AND changes THEN
            PERFORM FROM "pooljobs".live AS l
            WHERE l.id = held.job_id AND l.worker_id IS NULL
            FOR NO KEY UPDATE;
            IF FOUND THEN
                UPDATE "pooljobs".live AS l
                SET run_at = least(
                        coalesce(take_unique.run_at, now()), l.created_at + make_interval(secs => take_unique.most)
                    ),
                    payload = CASE take_unique.on_conflict WHEN 'replace' THEN take_unique.payload ELSE l.payload END,
                    priority = CASE take_unique.on_conflict WHEN 'replace' THEN take_unique.priority ELSE l.priority END,
                    max_retries = CASE take_unique.on_conflict
                        WHEN 'replace' THEN take_unique.max_retries ELSE l.max_retries END
                WHERE l.id = held.job_id
                RETURNING l.queue, l.run_at INTO changed;
                IF "pooljobs".any_host_idle() THEN PERFORM "pooljobs".notify_one(changed.queue, changed.run_at); END IF;
                job_id := held.job_id;
                outcome := 'replaced';
                RETURN;
            END IF;
        ELSIF held.alive AND take_unique.until_start THEN
            PERFORM FROM "pooljobs".live AS l
            WHERE l.id = held.job_id AND l.worker_id IS NULL
            FOR KEY SHARE;
            IF FOUND THEN
                job_id := held.job_id;
                outcome := 'kept';
                RETURN;
            END IF;
        END IF;
        IF held.alive AND (changes OR take_unique.until_start) THEN  -- it has begun, or is gone since it was read
            held.alive := EXISTS (SELECT FROM "pooljobs".live AS l WHERE l.id = held.job_id);
        END IF;
        IF (held.alive AND NOT take_unique.until_start)
            OR (held.until > now() AND NOT "pooljobs".ended_badly(held.job_id, held.taken_at))
        THEN
            job_id := held.job_id;
            outcome := 'kept';
            RETURN;
        END IF;
        UPDATE "pooljobs".uniques AS u
        SET job_id = take_unique.id, taken_at = clock_timestamp(), until = new_until
        WHERE u.key = take_unique.key AND u.job_id = held.job_id AND u.taken_at = held.taken_at;
        EXIT WHEN FOUND;
    END LOOP;
    job_id := take_unique.id;
    outcome := 'new';
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.take_uniques(keys bytea[], ids uuid[], until_start boolean, within double precision, on_conflict text, payloads jsonb[], priority integer, run_at timestamp with time zone, max_retries integer, most double precision, OUT job_ids uuid[], OUT outcomes text[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
DECLARE
    new_until constant timestamptz := now() + make_interval(secs => within);
    kept_at_once constant boolean := NOT until_start AND on_conflict NOT IN ('replace', 'reschedule');
    others bigint := cardinality(ids);
    took bigint;
    one record;
    single record;
BEGIN
    job_ids := ids;
    outcomes := array_fill('new'::text, ARRAY[cardinality(ids)]);
    INSERT INTO "pooljobs".uniques AS u (key, job_id, until)
    SELECT g.key, g.id, new_until FROM unnest(keys, ids) AS g (key, id) ORDER BY g.key
    ON CONFLICT ON CONSTRAINT uniques_pkey DO UPDATE SET job_id = u.job_id WHERE false;  -- locks it, in its turn
    GET DIAGNOSTICS took = ROW_COUNT;
    others := others - took;
    IF others = 0 THEN RETURN; END IF;
    INSERT INTO "pooljobs".uniques AS u (key, job_id, until)
    SELECT g.key, g.id, new_until
    FROM unnest(keys, ids) AS g (key, id)
    WHERE (
        SELECT u.job_id <> g.id AND coalesce(u.until <= now(), true)
            AND (SELECT l.id FROM "pooljobs".live AS l WHERE l.id = u.job_id) IS NULL
        FROM "pooljobs".uniques AS u
        WHERE u.key = g.key
    )
    ON CONFLICT ON CONSTRAINT uniques_pkey
    DO UPDATE SET job_id = excluded.job_id, taken_at = clock_timestamp(), until = excluded.until;
    GET DIAGNOSTICS took = ROW_COUNT;
    IF took = others THEN RETURN; END IF;
    FOR one IN  -- of those that are kept without a look at their rows, the holder
        SELECT h.key, h.id, h.place,
            CASE WHEN kept_at_once THEN (SELECT l.id FROM "pooljobs".live AS l WHERE l.id = h.holder) END AS holder
        FROM (
            SELECT g.key, g.id, g.place, (SELECT u.job_id FROM "pooljobs".uniques AS u WHERE u.key = g.key) AS holder
            FROM unnest(keys, ids) WITH ORDINALITY AS g (key, id, place)
            OFFSET 0  -- reads it once
        ) AS h
        WHERE h.holder IS DISTINCT FROM h.id
        ORDER BY h.key
    LOOP
        IF one.holder IS NOT NULL THEN
            job_ids[one.place] := one.holder;
            outcomes[one.place] := 'kept';
        ELSE
            SELECT t.job_id, t.outcome INTO single
            FROM "pooljobs".take_unique(
                one.key, one.id, until_start, within, on_conflict, payloads[one.place], priority, run_at, max_retries, most
            ) AS t;
            job_ids[one.place] := single.job_id;
            outcomes[one.place] := single.outcome;
        END IF;
    END LOOP;
    IF on_conflict = 'raise' AND 'kept' = ANY (outcomes) THEN  -- nothing is to be inserted
        DELETE FROM "pooljobs".uniques AS u
        USING unnest(keys, ids) AS g (key, id)
        WHERE u.key = g.key AND u.job_id = g.id;
    END IF;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.tell_pauses()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF "pooljobs".may_notify() THEN
        PERFORM pg_notify('pooljobs', '!act');
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.tell_waiters(ids uuid[], ended timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET enable_seqscan TO 'off'
AS $function$
DECLARE
    waited text[];
BEGIN
    waited := ARRAY(
        SELECT DISTINCT replace(w.job_id::text, '-', '') FROM "pooljobs".waiters AS w WHERE w.job_id = ANY (tell_waiters.ids)
    );
    IF waited = '{}' OR NOT "pooljobs".may_notify() THEN RETURN false; END IF;
    FOR place IN 1 .. cardinality(waited) BY 240 LOOP
        PERFORM pg_notify(
            'pooljobs_ended',
            (extract(epoch FROM ended) * 1000000)::bigint || ':' || array_to_string(waited[place:place + 239], '')
        );
    END LOOP;
    RETURN true;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.unschedule(name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM "pooljobs".schedules AS s WHERE s.name = unschedule.name AND s.app IS NOT NULL AND s.retired_at IS NULL
    ) THEN
        RAISE EXCEPTION 'the schedule % is declared in code', quote_literal(unschedule.name)
            USING ERRCODE = 'object_in_use', HINT = 'take it out there, or pause it';
    END IF;
    DELETE FROM "pooljobs".schedules AS s WHERE s.name = unschedule.name;
    RETURN FOUND;
END
$function$;

CREATE OR REPLACE FUNCTION pooljobs.uuid_v7()
 RETURNS uuid
 LANGUAGE sql
 PARALLEL SAFE
AS $function$SELECT pg_catalog.uuidv7()$function$;

CREATE OR REPLACE FUNCTION pooljobs.wait_for(ids uuid[], waiter bigint, seconds double precision)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    gate constant regclass := format('%I.waiting_until', 'pooljobs'::text)::regclass;
    ends constant timestamptz := now() + make_interval(secs => least(wait_for.seconds, 3600));
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF wait_for.seconds <= 0 THEN
        DELETE FROM "pooljobs".waiters AS w WHERE w.job_id = ANY (wait_for.ids) AND w.waiter = wait_for.waiter;
        RETURN;
    END IF;
    PERFORM setval(gate, greatest(ceil(extract(epoch FROM ends))::bigint, coalesce(pg_sequence_last_value(gate), 0)));
    DELETE FROM "pooljobs".waiters AS w
    USING (SELECT e.job_id, e.waiter FROM "pooljobs".waiters AS e WHERE e.until < now() FOR UPDATE SKIP LOCKED) AS past
    WHERE w.job_id = past.job_id AND w.waiter = past.waiter;
    INSERT INTO "pooljobs".waiters AS w (job_id, waiter, until)
    SELECT DISTINCT g.id, wait_for.waiter, ends FROM unnest(wait_for.ids) AS g (id)
    ON CONFLICT ON CONSTRAINT waiters_pkey DO UPDATE SET until = excluded.until;
END
$function$;

CREATE VIEW pooljobs.jobs AS
 SELECT l.id,
    l.queue,
    l.job_type,
    l.payload,
        CASE
            WHEN (l.worker_id IS NULL) THEN 'pending'::text
            ELSE 'running'::text
        END AS status,
    (LEAST(l.attempts, 2147483646) + ((l.worker_id IS NOT NULL))::integer) AS attempts,
    l.max_retries,
    l.run_at,
    l.started_at,
        CASE
            WHEN (l.worker_id IS NOT NULL) THEN COALESCE(( SELECT w.leased_until
               FROM pooljobs.workers w
              WHERE (w.id = l.worker_id)), l.started_at)
            ELSE NULL::timestamp with time zone
        END AS locked_until,
    NULL::timestamp with time zone AS finished_at,
    l.last_error,
    l.trace_id,
    l.created_at,
    l.priority,
    l.crashes,
    l.losses,
    l.fence,
    l.worker_id,
    COALESCE(l.interruptions, 0) AS interruptions,
    l.refused_since,
    l.flags,
    ( SELECT w.host
           FROM pooljobs.workers w
          WHERE (w.id = l.worker_id)) AS worker_host,
    ( SELECT w.pid
           FROM pooljobs.workers w
          WHERE (w.id = l.worker_id)) AS worker_pid,
    ( SELECT w.ordinal
           FROM pooljobs.workers w
          WHERE (w.id = l.worker_id)) AS worker_ordinal,
    ( SELECT c.requested_at
           FROM pooljobs.cancellations c
          WHERE (c.job_id = l.id)) AS cancel_requested_at,
    ( SELECT c.reason
           FROM pooljobs.cancellations c
          WHERE (c.job_id = l.id)) AS cancel_reason,
    l.snoozes,
    NULL::json AS result,
    NULL::text AS result_note,
    l.tags,
    l.meta,
    ( SELECT ((p.reports -> (l.id)::text) - 'token'::text)
           FROM pooljobs.progress p
          WHERE ((p.worker_id = l.worker_id) AND (((p.reports -> (l.id)::text) -> 'token'::text) = to_jsonb(l.token)))) AS progress
   FROM pooljobs.live l
UNION ALL
 SELECT h.id,
    h.queue,
    h.job_type,
    h.payload,
    h.status,
    h.attempts,
    h.max_retries,
    h.run_at,
    h.started_at,
    NULL::timestamp with time zone AS locked_until,
    h.finished_at,
    h.last_error,
    h.trace_id,
    h.created_at,
    h.priority,
    h.crashes,
    h.losses,
    h.fence,
    h.worker_id,
    COALESCE(h.interruptions, 0) AS interruptions,
    NULL::timestamp with time zone AS refused_since,
    h.flags,
    ( SELECT w.host
           FROM pooljobs.workers w
          WHERE (w.id = h.worker_id)) AS worker_host,
    ( SELECT w.pid
           FROM pooljobs.workers w
          WHERE (w.id = h.worker_id)) AS worker_pid,
    ( SELECT w.ordinal
           FROM pooljobs.workers w
          WHERE (w.id = h.worker_id)) AS worker_ordinal,
    NULL::timestamp with time zone AS cancel_requested_at,
    NULL::text AS cancel_reason,
    h.snoozes,
    h.result,
    h.result_note,
    h.tags,
    h.meta,
    NULL::jsonb AS progress
   FROM pooljobs.history h;
