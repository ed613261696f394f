-- oldest code: 100
-- Unique jobs. A row says which job holds a key; it counts only while that job is in `live`, or until its period is past:
-- nobody has to let go of a key, and a row that is left over harms nobody.
CREATE TABLE {schema}.uniques (
    key bytea NOT NULL,  -- a digest: nothing of a payload can be read here
    job_id uuid NOT NULL,
    -- Another for each taking, by the clock and not by the transaction: whoever takes over names the one that he read.
    taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz,  -- the key is held so long in any case, unless the job fails or is cancelled; null: while there is the job
    CONSTRAINT uniques_pkey PRIMARY KEY (key)
) WITH (fillfactor = 80);

-- The key of a unique job, so that one that has ended and is run again can take it back. Null for all others.
ALTER TABLE {schema}.live ADD COLUMN unique_key bytea;
ALTER TABLE {schema}.history ADD COLUMN unique_key bytea;

-- How jobs of the type are unique, for those that are enqueued by SQL; null: they are not.
ALTER TABLE {schema}.job_types ADD COLUMN unique_rule jsonb;

-- Who may enqueue, or work, as of before may do so with unique jobs.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT a.grantee FROM pg_attribute AS t, aclexplode(t.attacl) AS a
        WHERE t.attrelid = format('%I.live', {schema_name})::regclass AND t.attname = 'run_at' AND a.privilege_type = 'INSERT'
    LOOP
        EXECUTE format('GRANT INSERT (unique_key) ON %I.live TO %s', {schema_name},
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
    FOR one IN
        SELECT DISTINCT a.grantee FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.oid = format('%I.live', {schema_name})::regclass AND a.privilege_type = 'DELETE' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT SELECT, DELETE, UPDATE ON %I.uniques TO %s', {schema_name},
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;
