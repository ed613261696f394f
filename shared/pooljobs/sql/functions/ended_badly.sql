-- Whether a job failed or was cancelled, as far as history still tells. `since` is a time when it was there, or nearly:
-- of the days before that no partition is read.
CREATE OR REPLACE FUNCTION {schema}.ended_badly(job_id uuid, since timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    latest constant timestamptz := clock_timestamp();  -- partitions of the days to come are not read either
BEGIN
    RETURN EXISTS (
        SELECT FROM {schema}.history AS h
        WHERE h.id = ended_badly.job_id AND h.status <> 'completed'
          AND h.finished_at >= ended_badly.since - interval '1 hour' AND h.finished_at <= latest
    );
END
$body$;
