-- Tells those of the idle hosts that serve these queues, at the caller's commit, of jobs due at these times (null or
-- absent: now). To be called after the jobs are inserted, in the same transaction: only then does a host that this call
-- did not see know that it has to wait for the transaction's end (statements/look_for_work.sql).
-- Above READ COMMITTED the rows are read as of the transaction's begin, so there it notifies as soon as any host idles.
-- Tells nobody unless may_notify().
-- The channel bears the schema's name; the payload is the queue, or nothing if its name is long.
CREATE OR REPLACE FUNCTION {schema}.notify_many(queues text[], run_ats timestamptz[] DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    everybody constant boolean := current_setting('transaction_isolation') IN ('repeatable read', 'serializable');
    told text[] := '{{}}';
BEGIN
    IF NOT {schema}.any_host_idle() OR NOT {schema}.may_notify() THEN
        RETURN false;
    END IF;
    FOR place IN 1 .. coalesce(cardinality(queues), 0) LOOP
        CONTINUE WHEN queues[place] = ANY (told);
        IF everybody OR EXISTS (
            SELECT FROM {schema}.idle_hosts AS s
            WHERE s.queue = queues[place] AND s.idle_until > greatest(run_ats[place], clock_timestamp())
        ) THEN
            PERFORM pg_notify({schema_name}, CASE WHEN octet_length(queues[place]) <= 200 THEN queues[place] ELSE '' END);
            told := told || queues[place];
        END IF;
    END LOOP;
    RETURN told <> '{{}}';
END
$body$;
