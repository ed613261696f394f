-- Tells idle hosts of one job, as notify_many does of many, and by the same rules: in one query where the loop over
-- queues takes two. To be called when any_host_idle() says so, which it does not ask again. It is called by single
-- enqueues, so its names are qualified: a search_path of its own would have to be set and put back at each call.
CREATE OR REPLACE FUNCTION {schema}.notify_one(queue text, run_at timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $body$
BEGIN
    RETURN CASE
        WHEN (
            pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'repeatable read'
            OR pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'serializable'
            OR EXISTS (
                SELECT FROM {schema}.idle_hosts AS s
                WHERE s.queue OPERATOR(pg_catalog.=) notify_one.queue
                  AND s.idle_until OPERATOR(pg_catalog.>) greatest(notify_one.run_at, pg_catalog.clock_timestamp())
            )
        ) AND {schema}.may_notify()
        THEN pg_catalog.pg_notify(
            {schema_name},
            CASE WHEN pg_catalog.octet_length(notify_one.queue) OPERATOR(pg_catalog.<=) 200 THEN notify_one.queue ELSE '' END
        )::pg_catalog.text IS NOT NULL
        ELSE false
    END;
END
$body$;
