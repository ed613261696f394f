-- oldest code: 100
-- What runs with its owner's rights is nobody's by default from now on (functions.py takes it from PUBLIC where it is
-- new; here it is taken where somebody has granted it to others already). Who could do the same by rights on the tables
-- goes on as before: those are granted the function.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT p.oid::regprocedure AS signature
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname = {schema_name} AND p.proname IN ('enqueue', 'cancel', 'ensure_partitions')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one.signature);
    END LOOP;
    FOR one IN
        SELECT DISTINCT p.oid::regprocedure AS signature, a.grantee
        FROM pg_proc AS p
        JOIN (
            VALUES ('enqueue', 'INSERT'), ('cancel', 'DELETE'), ('ensure_partitions', 'DELETE')
        ) AS needed (name, privilege) ON needed.name = p.proname
        JOIN pg_class AS c ON c.oid = format('%I.live', {schema_name})::regclass
        CROSS JOIN LATERAL (
            SELECT g.grantee, g.privilege_type FROM aclexplode(c.relacl) AS g
            UNION
            SELECT g.grantee, g.privilege_type FROM pg_attribute AS t, aclexplode(t.attacl) AS g WHERE t.attrelid = c.oid
        ) AS a
        WHERE p.pronamespace = c.relnamespace AND a.privilege_type = needed.privilege AND a.grantee <> c.relowner
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', one.signature,
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;

-- Numbers that every command compares with its own, whoever runs it.
GRANT SELECT ON {schema}.migrations TO PUBLIC;
