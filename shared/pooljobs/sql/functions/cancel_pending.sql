-- Moves one job to history if it is pending, and deletes the request there may be; whether it did. A row that somebody
-- has locked (a claim most of all) is left alone, so that this neither waits for a worker nor is waited for by one.
-- The error of an earlier run is kept below the first line. Who waits for the job is told.
-- Locks: the job's row, the request's row.
CREATE OR REPLACE FUNCTION {schema}.cancel_pending(job_id uuid, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
BEGIN
    PERFORM 1 FROM {schema}.live AS l
    WHERE l.id = cancel_pending.job_id AND l.worker_id IS NULL
    FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN false; END IF;
    IF to_regclass(format('%I.%I', {schema_name}, 'history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))) IS NULL THEN
        PERFORM {schema}.ensure_partitions();
    END IF;
    WITH ended AS (
        DELETE FROM {schema}.live AS l
        WHERE l.id = cancel_pending.job_id
        RETURNING l.*
    )
    INSERT INTO {schema}.history (run_at, finished_at, max_retries, attempts, crashes, losses, status, last_error, {carried})
    SELECT
        e.run_at, now(), e.max_retries, e.attempts, e.crashes, e.losses, 'cancelled',
        left(concat_ws(E'\n\n',
            CASE WHEN e.attempts = 0 THEN 'cancelled before it ran' ELSE 'cancelled before run ' || e.attempts::bigint + 1 END
                || coalesce(': ' || left(cancel_pending.reason, 1000), ''),
            left(e.last_error, 8192)), 8192),
        {carried:e}
    FROM ended AS e;
    DELETE FROM {schema}.cancellations AS c WHERE c.job_id = cancel_pending.job_id;
    IF {schema}.anybody_waits() THEN PERFORM {schema}.tell_waiters(ARRAY[cancel_pending.job_id], now()); END IF;
    RETURN true;
END
$body$;
