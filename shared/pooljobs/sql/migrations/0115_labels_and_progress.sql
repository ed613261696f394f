-- oldest code: 100
-- What an enqueuer says of a job: an array of texts, and an object. Null for none of it, as most jobs have.
ALTER TABLE {schema}.live ADD COLUMN tags jsonb;
ALTER TABLE {schema}.live ADD COLUMN meta jsonb;
ALTER TABLE {schema}.history ADD COLUMN tags jsonb;
ALTER TABLE {schema}.history ADD COLUMN meta jsonb;

-- How far the jobs are that say so, a row for each worker that runs such jobs, which writes it anew once a second at most:
-- by the job's id the token of its claim, done, total, note, and when that was said. It counts as long as that claim stands.
CREATE TABLE {schema}.progress (
    worker_id bigint NOT NULL,
    reports jsonb NOT NULL,
    CONSTRAINT progress_pkey PRIMARY KEY (worker_id)
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Who may enqueue, or work, as of before may do so with these.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT a.grantee FROM pg_attribute AS t, aclexplode(t.attacl) AS a
        WHERE t.attrelid = format('%I.live', {schema_name})::regclass AND t.attname = 'run_at' AND a.privilege_type = 'INSERT'
    LOOP
        EXECUTE format('GRANT INSERT (tags, meta) ON %I.live TO %s', {schema_name},
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
    FOR one IN
        SELECT DISTINCT a.grantee FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = format('%I.live', {schema_name})::regclass AND a.privilege_type = 'DELETE' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.progress TO %s', {schema_name},
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;
