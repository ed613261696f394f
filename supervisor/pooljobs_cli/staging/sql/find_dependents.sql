-- What a DROP SCHEMA … CASCADE would take that is not in the schema: views, foreign keys, defaults, functions of others.
-- Parameters: name (text).
-- Returns: a row for each such object: what it is, in words.
-- Locks: none. The caller holds the schema's tables, so that nobody comes to depend on them meanwhile.
-- Index: pg_depend's, by what is depended on, and by what depends.
WITH RECURSIVE doomed (classid, objid) AS (
    SELECT 'pg_catalog.pg_namespace'::regclass::oid, oid FROM pg_catalog.pg_namespace WHERE nspname = %(name)s
    UNION
    SELECT next.classid, next.objid FROM doomed AS d CROSS JOIN LATERAL (
        SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = d.classid AND refobjid = d.objid
        UNION ALL  -- a part of something goes with the whole of it: a view with its rule
        SELECT refclassid, refobjid FROM pg_catalog.pg_depend
        WHERE classid = d.classid AND objid = d.objid AND deptype = 'i'
    ) AS next
), housed AS (
    SELECT
        d.*,
        coalesce(
            c.relnamespace,
            p.pronamespace,
            t.typnamespace,
            o.connamespace,
            parent.relnamespace,
            (pg_catalog.pg_identify_object(d.classid, d.objid, 0)).schema::regnamespace
        ) AS home
    FROM doomed AS d
    LEFT JOIN pg_catalog.pg_class AS c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
    LEFT JOIN pg_catalog.pg_type AS t ON d.classid = 'pg_catalog.pg_type'::regclass AND t.oid = d.objid
    LEFT JOIN pg_catalog.pg_constraint AS o ON d.classid = 'pg_catalog.pg_constraint'::regclass AND o.oid = d.objid
    LEFT JOIN pg_catalog.pg_class AS parent ON parent.oid = CASE d.classid
        WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_catalog.pg_attrdef WHERE oid = d.objid)
        WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_catalog.pg_trigger WHERE oid = d.objid)
        WHEN 'pg_catalog.pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_catalog.pg_rewrite WHERE oid = d.objid)
        WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT polrelid FROM pg_catalog.pg_policy WHERE oid = d.objid)
    END
)
SELECT DISTINCT pg_catalog.pg_describe_object(classid, objid, 0) AS told
FROM housed
WHERE
    -- what a table of ours is in, or what was granted in the schema beforehand, loses a line by its end and no more
    classid NOT IN (
        'pg_catalog.pg_namespace'::regclass,
        'pg_catalog.pg_default_acl'::regclass,
        'pg_catalog.pg_publication_rel'::regclass
    )
    AND pg_catalog.pg_describe_object(classid, objid, 0) IS NOT NULL
    AND home IS DISTINCT FROM (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = %(name)s)
    AND home IS DISTINCT FROM 'pg_toast'::regnamespace
    -- of what goes with a whole, the whole is told
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = housed.classid AND d.objid = housed.objid AND d.deptype = 'i'
    )
ORDER BY told
