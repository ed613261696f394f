-- Cancels one job, from anything that speaks SQL; part of the caller's transaction. Returns 'cancelled' (it was pending
-- and never runs), 'requested' (it runs, or is being claimed now: it is asked to end), 'ended' (nothing was done), or
-- null for a job that is not there. The first line of `reason` that somebody gave stays, up to 1,000 characters.
-- Stewards are told of a request, if may_notify(): else they find it at their next look.
-- Runs with its owner's rights: whoever may call it needs none on the tables.
CREATE OR REPLACE FUNCTION {schema}.cancel(job_id uuid, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    said text := left(nullif(btrim(split_part(cancel.reason, E'\n', 1)), ''), 1000);
    outcome text;
BEGIN
    IF {schema}.cancel_pending(cancel.job_id, said) THEN RETURN 'cancelled'; END IF;
    outcome := CASE  -- one snapshot for both tables: a job that moves between them is seen in one of them
        WHEN EXISTS (SELECT FROM {schema}.live AS l WHERE l.id = cancel.job_id) THEN 'requested'
        WHEN EXISTS (SELECT FROM {schema}.history AS h WHERE h.id = cancel.job_id) THEN 'ended'
    END;
    IF outcome = 'requested' THEN
        INSERT INTO {schema}.cancellations AS c (job_id, reason) VALUES (cancel.job_id, said)
        ON CONFLICT ON CONSTRAINT cancellations_pkey DO UPDATE SET reason = coalesce(c.reason, excluded.reason);
        IF {schema}.may_notify() THEN
            PERFORM pg_notify({schema_name}, '!act');
        END IF;
    END IF;
    RETURN outcome;
END
$body$;
