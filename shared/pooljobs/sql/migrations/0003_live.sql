-- Jobs that are pending (worker_id is null) or running. What ends moves to history in the statement that settles it,
-- so this table stays small. A claim changes only columns that no index and no index predicate names, and the
-- fillfactor leaves room on the page: claims are then HOT updates, which write no index entry.
-- For the same reason the claim index is not partial on being pending: the scan passes over the few running rows.
CREATE TABLE {schema}.live (
    id uuid NOT NULL DEFAULT {schema}.uuid_v7(),
    run_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    -- Ownership. The fence grows with each claim; the token is 64 random bits made by the worker for each claim
    -- statement, because a claim lost in a server crash is followed by one with the same fence.
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
    CONSTRAINT live_pkey PRIMARY KEY (id),
    CONSTRAINT live_priority_in_range CHECK (priority BETWEEN -4 AND 4),
    CONSTRAINT live_max_retries_positive CHECK (max_retries >= 1),
    CONSTRAINT live_queue_named CHECK (queue <> ''),
    CONSTRAINT live_job_type_named CHECK (job_type <> ''),
    CONSTRAINT live_owned_whole CHECK ((worker_id IS NULL) = (token IS NULL))
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);

CREATE INDEX live_claim ON {schema}.live (queue, priority, run_at, id);
