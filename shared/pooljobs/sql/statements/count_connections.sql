-- How many connections of this user's to this database there may still be, by each limit that there is. Parameters: none.
-- Returns a row each: whose limit it is ('server', 'role', 'database'), its most, and how many of these are used, without
-- the asking one. The limits of role and database do not hold for a superuser.
-- Of other users' connections a plain user sees no kind: what has a database and a user is one, but for those that say
-- that they are something else. Locks: none. Index: none.
-- Run by: the check before a start.
WITH me AS MATERIALIZED (
    SELECT r.oid, r.rolsuper, r.rolconnlimit FROM pg_roles AS r WHERE r.rolname = session_user
),
used AS MATERIALIZED (
    SELECT a.usesysid, a.datname
    FROM pg_stat_activity AS a
    WHERE a.datid IS NOT NULL
      AND a.usesysid IS NOT NULL
      AND coalesce(a.backend_type, 'client backend') = 'client backend'
      AND a.pid <> pg_backend_pid()
)
SELECT 'server',
    current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
        - coalesce(current_setting('reserved_connections', true), '0')::integer,
    (SELECT count(*) FROM used)
UNION ALL
SELECT 'role', m.rolconnlimit, (SELECT count(*) FROM used AS u WHERE u.usesysid = m.oid)
FROM me AS m
WHERE m.rolconnlimit >= 0 AND NOT m.rolsuper
UNION ALL
SELECT 'database', d.datconnlimit, (SELECT count(*) FROM used AS u WHERE u.datname = d.datname)
FROM pg_database AS d, me AS m
WHERE d.datname = current_database() AND d.datconnlimit >= 0 AND NOT m.rolsuper
