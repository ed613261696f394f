-- Enqueues the job of a schedule now, in the caller's transaction, whether it is paused or not; its ticks stay as they are,
-- and while this job has not ended it counts as the last one (overlap). Returns the job's id, or null if there is no
-- schedule of that name. With its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.run_schedule(name text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    new_id uuid;
BEGIN
    SELECT {schema}.enqueue(s.job_type, s.payload, queue => s.queue, priority => s.priority, max_retries => s.max_retries)
    INTO new_id FROM {schema}.schedules AS s WHERE s.name = run_schedule.name;
    UPDATE {schema}.schedules AS s SET last_job = new_id WHERE s.name = run_schedule.name;
    RETURN new_id;
END
$body$;
