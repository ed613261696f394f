-- oldest code: 100
-- What handlers have returned, of job types that keep it, as JSON; result_note says why there is none where there should be.
ALTER TABLE {schema}.history ADD COLUMN result json;
ALTER TABLE {schema}.history ADD COLUMN result_note text;

-- Which ended jobs are to be told of, a row for each job that a process waits for. Whoever wrote it writes it again after a
-- crash of the server, so it is not logged.
CREATE UNLOGGED TABLE {schema}.waiters (
    job_id uuid NOT NULL,
    waiter bigint NOT NULL,  -- random, another for each process
    until timestamptz NOT NULL,
    CONSTRAINT waiters_pkey PRIMARY KEY (job_id, waiter)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Whether anybody waits, told without a query, as `idle_until` tells whether a host idles: the seconds since 1970 until when.
CREATE SEQUENCE {schema}.waiting_until AS bigint MINVALUE 0 START 0;

-- Every settlement may read both, whoever it is that may settle.
GRANT SELECT ON {schema}.waiters, {schema}.waiting_until TO PUBLIC;

-- Who may take back a job whose id he knows may wait for it, and who may read jobs may do so by this way too.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT f.name, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
        FROM (VALUES ('find_results'), ('wait_for')) AS f (name), pg_proc AS p, aclexplode(p.proacl) AS a
        WHERE p.pronamespace = format('%I', {schema_name}::text)::regnamespace AND p.proname = 'cancel'
          AND a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%I TO %s', {schema_name}::text, one.name, one.role);
    END LOOP;
END
$do$;
