-- What `pooljobs serve` needs, handlers that enqueue or complete in a transaction of their own, `pooljobs jobs retry` and
-- `cancel`, and all of `pooljobs schedules`, `queues` and `types`. Jobs move between live and history. MAINTAIN is for the vacuum of live, where PostgreSQL has it (17).
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.live, {schema}.history, {schema}.workers, {schema}.fleets,
    {schema}.declarations, {schema}.job_types, {schema}.cancellations, {schema}.idle_hosts, {schema}.leaders,
    {schema}.schedules, {schema}.schedule_declarations, {schema}.pauses, {schema}.progress TO {role};
GRANT SELECT ON {schema}.jobs TO {role};
GRANT SELECT, UPDATE, DELETE ON {schema}.uniques TO {role};
GRANT EXECUTE ON FUNCTION {schema}.enqueue, {schema}.take_unique, {schema}.take_uniques, {schema}.cancel,
    {schema}.ensure_partitions, {schema}.schedule, {schema}.unschedule, {schema}.edit_schedule, {schema}.pause_schedule,
    {schema}.resume_schedule, {schema}.run_schedule, {schema}.find_results, {schema}.wait_for TO {role};
DO $do$
BEGIN
    IF current_setting('server_version_num')::integer >= 170000 THEN
        EXECUTE format('GRANT MAINTAIN ON %I.live TO %I', {schema_name}::text, {role_name}::text);
    END IF;
END
$do$;
