-- How many dead rows the live table has, by the server's statistics. Parameters: none. Locks: none. Index: none.
SELECT coalesce(pg_stat_get_dead_tuples((quote_ident({schema_name}) || '.live')::regclass), 0)
