-- oldest code: 100
-- What is enqueued again and again, a row each. A steward that locks the row when it is due enqueues the job and writes when
-- it is due next, in one transaction: so each tick has one job, over any number of hosts.
-- Rows may be edited by hand: a trigger has what they say computed anew (functions/note_schedule.sql).
CREATE TABLE {schema}.schedules (
    name text NOT NULL,
    app text,                          -- which application declares it; null: it was stored at run time
    job_type text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{{}}',
    queue text,                        -- null, as for max_retries: as the type was declared last
    priority integer NOT NULL DEFAULT 0,
    max_retries integer,
    cron text,                         -- this or every, in seconds
    every double precision,
    tz text NOT NULL DEFAULT 'UTC',
    jitter double precision NOT NULL DEFAULT 0,
    catch_up text NOT NULL DEFAULT 'last',
    overlap text NOT NULL DEFAULT 'skip',
    definition jsonb,                  -- of a declared one, what the code says
    edited boolean NOT NULL DEFAULT false,  -- cron, every and tz are an operator's, and not the code's
    next_at timestamptz,               -- the next tick; null: to be computed
    last_tick timestamptz,             -- the last one that was enqueued, and its job
    last_job uuid,
    skipped_tick timestamptz,          -- the last one that was not, since the job before had not ended
    paused_at timestamptz,
    paused_by text,
    paused_reason text,
    retired_at timestamptz,            -- since when the code has it no longer
    error text,                        -- why it could not be enqueued; it is tried again at retry_at
    retry_at timestamptz,
    due_at timestamptz GENERATED ALWAYS AS (coalesce(retry_at, next_at, '-infinity'::timestamptz)) STORED,
    CONSTRAINT schedules_pkey PRIMARY KEY (name),
    CONSTRAINT schedules_name_length CHECK (length(name) BETWEEN 1 AND 150),
    CONSTRAINT schedules_catch_up_known CHECK (catch_up IN ('last', 'all', 'none')),
    CONSTRAINT schedules_overlap_known CHECK (overlap IN ('skip', 'allow'))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX schedules_due ON {schema}.schedules (due_at) WHERE paused_at IS NULL AND retired_at IS NULL;
CREATE TRIGGER note_schedule BEFORE INSERT OR UPDATE OF
    job_type, payload, queue, priority, max_retries, cron, every, tz, jitter, catch_up, overlap, paused_at, retired_at
    ON {schema}.schedules FOR EACH ROW EXECUTE FUNCTION {schema}.note_schedule();

-- What each state of the code declares, fleet by fleet, beside `declarations`: of what living workers declare, the definition
-- that was seen first last is in force. A row without a name says that an application is there, whatever it declares.
CREATE TABLE {schema}.schedule_declarations (
    fleet bigint NOT NULL,
    code bigint NOT NULL,
    app text NOT NULL,
    name text NOT NULL,
    definition jsonb,
    first_seen timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schedule_declarations_pkey PRIMARY KEY (fleet, code, name)
);

-- Who could run workers, or look at jobs, goes on as before.
DO $do$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT c.relname, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.relnamespace = format('%I', {schema_name}::text)::regnamespace AND c.relname IN ('leaders', 'jobs')
          AND a.grantee <> c.relowner
          AND a.privilege_type = CASE c.relname WHEN 'leaders' THEN 'DELETE' ELSE 'SELECT' END
    LOOP
        IF one.relname = 'leaders' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.schedules, %I.schedule_declarations TO %s',
                {schema_name}::text, {schema_name}::text, one.role);
        ELSE
            EXECUTE format('GRANT SELECT ON %I.schedules TO %s', {schema_name}::text, one.role);
        END IF;
    END LOOP;
END
$do$;
