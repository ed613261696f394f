-- Who is to be told of new jobs. A commit with NOTIFY takes a lock on the whole database, so an enqueue notifies only
-- if somebody sleeps: a host whose workers idle says here until when it sleeps, a row for each of its queues.
-- The steward of a host writes its rows and renews them while it sleeps; those of a host that is gone end by themselves.
-- Updates are HOT: what they change is not indexed, and the pages have room.
CREATE TABLE {schema}.sleepers (
    queue text NOT NULL,
    -- A random number for each fleet of workers, the same for all stewards that it will have.
    fleet bigint NOT NULL,
    -- Jobs due before this time are announced; -infinity: this host is awake, and looks for jobs by itself.
    asleep_until timestamptz NOT NULL,
    CONSTRAINT sleepers_pkey PRIMARY KEY (queue, fleet)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Every enqueue reads it, whoever it is that may insert into live.
GRANT SELECT ON {schema}.sleepers TO PUBLIC;

-- Tells the sleepers among the hosts that serve these queues, at the caller's commit, of jobs due at these times (null
-- or absent: now). To be called after the jobs are inserted, in the same transaction: only then does a sleeper that
-- this call did not see know that it has to wait for the transaction's end (shared/pooljobs/sql/look_for_work.sql).
-- Above READ COMMITTED the rows are read as they were when the transaction began, so there it always notifies.
-- `SET pooljobs.notify = off` keeps it silent, for transactions that are to be PREPAREd: PostgreSQL has no NOTIFY there.
-- The channel bears the schema's name; the payload is the queue, or nothing if its name is long.
CREATE FUNCTION {schema}.notify_sleepers(queues text[], run_ats timestamptz[] DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
    everybody constant boolean := current_setting('transaction_isolation') IN ('repeatable read', 'serializable');
    told text[] := '{{}}';
BEGIN
    -- Without a parameter this query is planned once a session. The usual answer is that nobody sleeps.
    IF NOT everybody AND NOT EXISTS (SELECT FROM {schema}.sleepers AS s WHERE s.asleep_until > clock_timestamp()) THEN
        RETURN false;
    END IF;
    IF current_setting('pooljobs.notify', true) = 'off' THEN
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

-- As in 0006_enqueue.sql, and tells the sleepers.
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
    new_job record;
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
    RETURNING l.id, l.queue, l.run_at INTO new_job;
    PERFORM {schema}.notify_sleepers(ARRAY[new_job.queue], ARRAY[new_job.run_at]);
    RETURN new_job.id;
END
$body$;
