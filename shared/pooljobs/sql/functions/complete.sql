-- Completes one running job in the caller's transaction (statements/complete_in_transaction.sql); whether the claim still
-- stood. A function, since it runs on connections of applications, which plan as they like and keep a plan: one that was
-- made when the table had a page or two reads all of it, and goes on to when there are a million rows.
CREATE OR REPLACE FUNCTION {schema}.complete(job_id uuid, fence bigint, token bigint, started_ago double precision)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
BEGIN
    WITH ended AS (
        DELETE FROM {schema}.live AS l
        WHERE l.id = complete.job_id AND l.fence = complete.fence AND l.token = complete.token
        RETURNING l.*
    )
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
    )
    SELECT
        e.run_at, now() - make_interval(secs => complete.started_ago), now(), e.worker_id, e.max_retries, least(e.attempts, 2147483646) + 1,
        e.crashes, e.losses, 'completed', e.last_error, {carried:e}
    FROM ended AS e;
    RETURN FOUND;
END
$body$;
