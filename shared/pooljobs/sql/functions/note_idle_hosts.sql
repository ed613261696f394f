-- Keeps the sequence `idle_until` true to the table `idle_hosts`, whoever writes to that. One at a time: the lock is
-- held until the commit, and the query after it sees what those before it have committed. A day is the most that is
-- believed of a row.
CREATE OR REPLACE FUNCTION {schema}.note_idle_hosts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.idle_until', 0));
    PERFORM setval(
        format('%I.idle_until', {schema_name}::text)::regclass,
        (SELECT coalesce(ceil(extract(epoch FROM max(least(s.idle_until, now() + interval '1 day')))), 0)::bigint
         FROM {schema}.idle_hosts AS s WHERE s.idle_until > now())
    );
    RETURN NULL;
END
$body$;
