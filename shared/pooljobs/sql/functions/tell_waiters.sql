-- Tells those who wait for some of these jobs, at the caller's commit, that they have ended at this time; whether there was
-- anybody. To be called when anybody_waits() says so, by statements that end jobs. It speaks of ids alone: anybody who may
-- connect may LISTEN. Whoever waits looks by himself too, so nobody is lost whom it may not tell (may_notify.sql).
-- The payload is the time in microseconds since 1970, a colon, and the ids, 32 digits each: at most 8,000 bytes are taken.
CREATE OR REPLACE FUNCTION {schema}.tell_waiters(ids uuid[], ended timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    waited text[];
BEGIN
    waited := ARRAY(
        SELECT DISTINCT replace(w.job_id::text, '-', '') FROM {schema}.waiters AS w WHERE w.job_id = ANY (tell_waiters.ids)
    );
    IF waited = '{{}}' OR NOT {schema}.may_notify() THEN RETURN false; END IF;
    FOR place IN 1 .. cardinality(waited) BY 240 LOOP
        PERFORM pg_notify(
            'pooljobs_ended',
            (extract(epoch FROM ended) * 1000000)::bigint || ':' || array_to_string(waited[place:place + 239], '')
        );
    END LOOP;
    RETURN true;
END
$body$;
