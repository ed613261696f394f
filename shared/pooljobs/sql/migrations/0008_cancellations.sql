-- Cancelling. A pending job is moved to history at once. A running one can only be asked to end: the request stays here
-- until the steward of its worker's host has passed it on and the job has ended, or is pending again and is cancelled
-- then. No claim and no settlement reads this table, which is empty most of the time.
CREATE TABLE {schema}.cancellations (
    job_id uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    reason text,
    CONSTRAINT cancellations_pkey PRIMARY KEY (job_id)
);

-- Moves one job to history if it is pending, and deletes the request there may be; whether it did. A row that somebody
-- has locked (a claim most of all) is left alone, so that this neither waits for a worker nor is waited for by one.
-- The error of an earlier run is kept below the first line. Locks: the job's row, the request's row.
CREATE FUNCTION {schema}.cancel_pending(job_id uuid, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
    PERFORM 1 FROM {schema}.live AS l
    WHERE l.id = cancel_pending.job_id AND l.worker_id IS NULL
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF to_regclass(format('%I.%I', {schema_name}, 'history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))) IS NULL THEN
        PERFORM {schema}.ensure_partitions();
    END IF;
    WITH ended AS (
        DELETE FROM {schema}.live AS l
        WHERE l.id = cancel_pending.job_id
        RETURNING l.*
    )
    INSERT INTO {schema}.history (
        id, run_at, created_at, finished_at, fence, max_retries, attempts, crashes, losses, priority, status, queue,
        job_type, trace_id, last_error, payload, interruptions
    )
    SELECT
        e.id, e.run_at, e.created_at, now(), e.fence, e.max_retries, e.attempts, e.crashes, e.losses, e.priority,
        'cancelled', e.queue, e.job_type, e.trace_id,
        left(concat_ws(E'\n\n',
            CASE WHEN e.attempts = 0 THEN 'cancelled before it ran' ELSE 'cancelled before run ' || e.attempts + 1 END
                || coalesce(': ' || cancel_pending.reason, ''),
            e.last_error), 8192),
        e.payload, e.interruptions
    FROM ended AS e;
    DELETE FROM {schema}.cancellations AS c WHERE c.job_id = cancel_pending.job_id;
    RETURN true;
END
$body$;

-- Cancels one job, from anything that speaks SQL; part of the caller's transaction. Returns 'cancelled' (it was pending
-- and never runs), 'requested' (it runs, or is being claimed now: it is asked to end), 'ended' (nothing was done), or
-- null for a job that is not there. The first line of `reason` that somebody gave stays, up to 1,000 characters.
CREATE FUNCTION {schema}.cancel(job_id uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
    said text := left(nullif(btrim(split_part(cancel.reason, E'\n', 1)), ''), 1000);
    outcome text;
BEGIN
    IF {schema}.cancel_pending(cancel.job_id, said) THEN
        RETURN 'cancelled';
    END IF;
    outcome := CASE  -- one snapshot for both tables: a job that moves between them is seen in one of them
        WHEN EXISTS (SELECT FROM {schema}.live AS l WHERE l.id = cancel.job_id) THEN 'requested'
        WHEN EXISTS (SELECT FROM {schema}.history AS h WHERE h.id = cancel.job_id) THEN 'ended'
    END;
    IF outcome = 'requested' THEN
        INSERT INTO {schema}.cancellations AS c (job_id, reason) VALUES (cancel.job_id, said)
        ON CONFLICT ON CONSTRAINT cancellations_pkey DO UPDATE SET reason = coalesce(c.reason, excluded.reason);
    END IF;
    RETURN outcome;
END
$body$;
