-- oldest code: 100
-- A table that is published (CREATE PUBLICATION … FOR ALL TABLES) takes no UPDATE or DELETE without a replica identity, and
-- history has no key that could be one: jobs that are retried or cancelled met that error. Of its rows few are ever
-- updated or deleted, so the whole row may be written to the log for these. Days to come: functions/ensure_partitions.sql.
DO $do$
DECLARE
    part regclass;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended({schema_name} || '.history', 0));  -- as ensure_partitions
    FOR part IN
        SELECT t.relid FROM pg_partition_tree(format('%I.history', {schema_name}::text)::regclass) AS t ORDER BY t.level, t.relid
    LOOP
        EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', part);
    END LOOP;
END
$do$;
