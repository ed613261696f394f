-- oldest code: 100
-- All tables as of the first release that keeps its migrations. What they hold is told in ARCHITECTURE.md.

-- A running `serve`, one row: who it is, and until when it counts as living unless its steward renews it.
CREATE TABLE {schema}.fleets (
    id bigint NOT NULL,  -- random, made by the supervisor; never used again
    host text NOT NULL,
    boot_id text,        -- of the machine's start; null where the system does not tell, as the next two
    pid_namespace text,
    pid integer NOT NULL,  -- of the supervisor
    pid_started bigint,    -- ticks since the machine's start: pids are used again
    version text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_until timestamptz NOT NULL,
    CONSTRAINT fleets_pkey PRIMARY KEY (id)
) WITH (fillfactor = 50);

-- Who holds claims, and for how long: the lease is here, once a worker, so that a renewal is one small update and a claim
-- touches no index. An id is never used twice; a dead worker's row stays as a tombstone until no live row names it.
CREATE TABLE {schema}.workers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    fleet bigint NOT NULL,
    code bigint NOT NULL,  -- which of its fleet's declarations are its own
    host text NOT NULL,
    pid integer NOT NULL,
    ordinal integer NOT NULL,
    queues text[] NOT NULL,
    job_timeout interval NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL,
    dead_at timestamptz,
    CONSTRAINT workers_pkey PRIMARY KEY (id)
) WITH (fillfactor = 50);

-- What the handlers of a fleet's workers declare: whoever settles a crash, and runs no user code, takes the policy here.
-- `code` stands for all that one state of the code declares; workers of one state share their rows.
CREATE TABLE {schema}.declarations (
    fleet bigint NOT NULL,
    code bigint NOT NULL,
    job_type text NOT NULL,
    queue text NOT NULL,
    max_retries integer NOT NULL,
    retry_policy text NOT NULL,
    retry_delay_secs double precision NOT NULL,
    CONSTRAINT declarations_pkey PRIMARY KEY (fleet, code, job_type)
);

-- Every type that was ever declared, as it was last: the function enqueue() takes its defaults here.
CREATE TABLE {schema}.job_types (
    job_type text NOT NULL,
    queue text NOT NULL,
    max_retries integer NOT NULL,
    retry_policy text NOT NULL,
    retry_delay_secs double precision NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- Until when fleets that are forgotten by now declared it; of the others `declarations` tells.
    declared_until timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT job_types_pkey PRIMARY KEY (job_type),
    CONSTRAINT job_types_retry_policy_known CHECK (retry_policy IN ('exponential', 'fixed', 'none')),
    CONSTRAINT job_types_numbers_in_range CHECK (max_retries >= 1 AND retry_delay_secs >= 0)
);

-- Jobs that are pending (worker_id is null) or running. What ends moves to history in the statement that settles it,
-- so this table stays small. A claim changes only columns that no index and no index predicate names, and the
-- fillfactor leaves room on the page: claims are then HOT updates, which write no index entry. For the same reason the
-- claim index is not partial on being pending. Columns that are null in nearly every row take no room there.
CREATE TABLE {schema}.live (
    id uuid NOT NULL DEFAULT {schema}.uuid_v7(),
    run_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    -- The fence grows with each claim; the token is random, and another for each claim statement, because a claim lost in
    -- a server crash is followed by one with the same fence.
    worker_id bigint,
    fence bigint NOT NULL DEFAULT 0,
    token bigint,
    max_retries integer NOT NULL DEFAULT 3,
    -- Runs that ended, however they ended; the run under way is number attempts + 1.
    attempts integer NOT NULL DEFAULT 0,
    crashes smallint NOT NULL DEFAULT 0,
    losses smallint NOT NULL DEFAULT 0,
    priority smallint NOT NULL DEFAULT 0,
    queue text NOT NULL DEFAULT 'default',
    job_type text NOT NULL,
    trace_id text,
    last_error text,
    payload jsonb NOT NULL DEFAULT '{{}}',
    -- True: it crashed, or ran when others did that died with it. It runs alone the next time.
    suspect boolean,
    -- True: the start of this claim's run was recorded before it began, as is done once a host was lost with the job.
    start_recorded boolean,
    -- Runs that were cut short and charged to nobody: under suspicion, or by a kill on purpose. Null: none.
    interruptions integer,
    -- Bits that ask something of who runs it (pooljobs/job/flags.py). Null: nothing, as most jobs do.
    flags smallint,
    -- Since when workers refuse its payload. Null: none did since it last ran.
    refused_since timestamptz,
    CONSTRAINT live_pkey PRIMARY KEY (id),
    CONSTRAINT live_priority_in_range CHECK (priority BETWEEN -4 AND 4),
    CONSTRAINT live_max_retries_positive CHECK (max_retries >= 1),
    CONSTRAINT live_queue_named CHECK (queue <> ''),
    CONSTRAINT live_job_type_named CHECK (job_type <> ''),
    CONSTRAINT live_owned_whole CHECK ((worker_id IS NULL) = (token IS NULL))
) WITH (
    fillfactor = 50, vacuum_truncate = off, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000
);
CREATE INDEX live_claim ON {schema}.live (queue, priority, run_at, id);

-- Jobs that ended, a partition a day (UTC) of finished_at: retention drops partitions and never vacuums. Ids arrive
-- nearly in order, so a block range index finds one; the multi-minmax operator class keeps it narrow when a few old ids
-- are mixed in. There is no DEFAULT partition, which would forbid DETACH CONCURRENTLY.
CREATE TABLE {schema}.history (
    id uuid NOT NULL,
    run_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz NOT NULL,
    worker_id bigint,
    fence bigint NOT NULL,
    max_retries integer NOT NULL,
    attempts integer NOT NULL,
    crashes smallint NOT NULL,
    losses smallint NOT NULL,
    priority smallint NOT NULL,
    status text NOT NULL CONSTRAINT history_status_known CHECK (status IN ('completed', 'failed', 'cancelled')),
    queue text NOT NULL,
    job_type text NOT NULL,
    trace_id text,
    last_error text,
    payload jsonb NOT NULL,
    interruptions integer,
    flags smallint
) PARTITION BY RANGE (finished_at);
CREATE INDEX history_id ON {schema}.history
    USING brin (id uuid_minmax_multi_ops, finished_at timestamptz_minmax_ops)
    WITH (pages_per_range = 32, autosummarize = on);

-- The failed ones are few, and are what people look for.
CREATE INDEX history_failed ON {schema}.history (finished_at DESC) WHERE status = 'failed';

-- Requests to cancel jobs that run; each stays until its job has ended, or is pending again and is cancelled then.
CREATE TABLE {schema}.cancellations (
    job_id uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    reason text,
    CONSTRAINT cancellations_pkey PRIMARY KEY (job_id)
);

-- Who is to be told of new jobs. A commit with NOTIFY takes a lock on the whole database, so an enqueue notifies only
-- if somebody idles: the steward of a host whose workers idle says here until when, a row for each of its queues.
CREATE TABLE {schema}.idle_hosts (
    queue text NOT NULL,
    fleet bigint NOT NULL,
    -- Jobs due before this time are told of; -infinity: this host is awake, and looks for jobs by itself.
    idle_until timestamptz NOT NULL,
    CONSTRAINT idle_hosts_pkey PRIMARY KEY (queue, fleet)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Whether anybody idles, told without a query: the seconds since 1970 until when at least one host does. It is read at
-- its present value, whatever snapshot the reader has, and whoever wrote it need not have committed. That is late enough:
-- a host that begins to idle looks for work until all have ended who may have read the value before.
CREATE SEQUENCE {schema}.idle_until AS bigint MINVALUE 0 START 0;
CREATE TRIGGER note_idle_hosts AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.idle_hosts
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.note_idle_hosts();

-- Every enqueue reads both, whoever it is that may insert into live.
GRANT SELECT ON {schema}.idle_hosts, {schema}.idle_until TO PUBLIC;

-- What is done by one fleet at a time for the whole database, by whom, and until when unless it is said again.
CREATE TABLE {schema}.leaders (
    name text NOT NULL,
    fleet bigint NOT NULL,
    until timestamptz NOT NULL,
    CONSTRAINT leaders_pkey PRIMARY KEY (name)
) WITH (fillfactor = 50);
