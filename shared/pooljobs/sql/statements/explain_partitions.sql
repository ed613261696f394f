-- Until when history has partitions, and what keeps this user from making more: what to execute, as who owns the schema.
-- Parameters: none. Returns one row: the last day (null: there is none), the days from today (UTC) to it, and the command
--   that is missing (null: what is missing is not a right). Locks: none. Index: the catalogue's.
-- Run by: the steward and pooljobs migrate.
SELECT to_char(p.last_day, 'YYYY-MM-DD'), p.last_day - (now() AT TIME ZONE 'UTC')::date,
    CASE
        WHEN NOT has_function_privilege(f.oid, 'EXECUTE')
            THEN format('GRANT EXECUTE ON FUNCTION %s TO %I', f.oid::regprocedure, current_user)
        WHEN NOT (has_schema_privilege(f.proowner, h.relnamespace, 'USAGE')
                  AND has_schema_privilege(f.proowner, h.relnamespace, 'CREATE'))
            THEN format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', {schema_name}, pg_get_userbyid(f.proowner))
        WHEN NOT pg_has_role(f.proowner, h.relowner, 'USAGE')
            THEN format('ALTER FUNCTION %s OWNER TO %I', f.oid::regprocedure, pg_get_userbyid(h.relowner))
    END
FROM pg_class AS h
LEFT JOIN pg_proc AS f ON f.pronamespace = h.relnamespace AND f.proname = 'ensure_partitions' AND f.prosecdef
CROSS JOIN LATERAL (
    SELECT max(to_date(right(c.relname::text, 8), 'YYYYMMDD'))
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = h.oid AND c.relname ~ '^history_[0-9]{{8}}$'
) AS p (last_day)
WHERE h.oid = to_regclass(format('%I.history', {schema_name}))
LIMIT 1
