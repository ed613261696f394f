-- How many dead rows the live table has, and how many of its pages it could do without if each row had one of its own, both by
-- the server's statistics. Parameters: none. Locks: ACCESS SHARE on live. Index: none.
-- Run by: the steward.
SELECT
    coalesce(pg_stat_get_dead_tuples(t.live), 0) AS dead,
    pg_relation_size(t.live) / current_setting('block_size')::bigint - coalesce(pg_stat_get_live_tuples(t.live), 0) AS spare
FROM (SELECT (quote_ident({schema_name}) || '.live')::regclass AS live) AS t
