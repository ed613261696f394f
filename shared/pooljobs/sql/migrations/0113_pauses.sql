-- oldest code: 100
-- Queues and job types of which nothing is claimed until they are resumed: a row each, so none at most times. The primary
-- key is all that is ever asked for.
CREATE TABLE {schema}.pauses (
    kind text NOT NULL,
    name text NOT NULL,
    paused_at timestamptz NOT NULL DEFAULT now(),
    database_user text NOT NULL DEFAULT session_user,
    paused_by text,  -- as whoever did it called himself; null: he did not
    reason text,
    CONSTRAINT pauses_pkey PRIMARY KEY (kind, name),
    CONSTRAINT pauses_kind_known CHECK (kind IN ('queue', 'type')),
    CONSTRAINT pauses_named CHECK (name <> '')
);
CREATE TRIGGER tell_pauses AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.pauses
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.tell_pauses();

-- Every fleet reads it, whichever rights it was granted before there were pauses.
GRANT SELECT ON {schema}.pauses TO PUBLIC;

-- Who may run jobs, and so run them again and take them back, may pause them.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT a.grantee
        FROM pg_class AS c
        CROSS JOIN LATERAL aclexplode(c.relacl) AS a
        WHERE c.oid = format('%I.live', {schema_name})::regclass AND a.privilege_type = 'DELETE' AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I.pauses TO %s', {schema_name},
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;
