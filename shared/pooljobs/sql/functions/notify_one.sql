-- Tells idle hosts of one job, as notify_many does of many, and by the same rules: in one query where the loop over
-- queues takes two. To be called when any_host_idle() says so, which it does not ask again.
CREATE OR REPLACE FUNCTION {schema}.notify_one(queue text, run_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $body$
BEGIN
    RETURN CASE
        WHEN current_setting('pooljobs.notify', true) = 'off' THEN false
        WHEN current_setting('transaction_isolation') IN ('repeatable read', 'serializable') OR EXISTS (
            SELECT FROM {schema}.idle_hosts AS s
            WHERE s.queue = notify_one.queue AND s.idle_until > greatest(notify_one.run_at, clock_timestamp())
        )
        THEN pg_notify({schema_name}, CASE WHEN octet_length(notify_one.queue) <= 200 THEN notify_one.queue ELSE '' END)::text
            IS NOT NULL
        ELSE false
    END;
END
$body$;
