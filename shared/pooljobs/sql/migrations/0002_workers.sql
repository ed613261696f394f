-- Who holds claims, and for how long. The lease is kept here, once a worker, and not in each job's row: renewing it
-- is one small update, and claiming a job touches no index. A worker's id is never used twice; a dead worker's row
-- stays as a tombstone (dead_at) until no live row names it.
CREATE TABLE {schema}.workers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    ordinal integer NOT NULL,
    queues text[] NOT NULL,
    job_timeout interval NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL,
    dead_at timestamptz
) WITH (fillfactor = 50);

-- What each job type's declaration says, published by the workers that serve it: the SQL function enqueue() takes
-- its defaults here, and whoever settles a crash, which runs no user code, takes the retry policy here.
CREATE TABLE {schema}.job_types (
    job_type text PRIMARY KEY,
    queue text NOT NULL,
    max_retries integer NOT NULL CHECK (max_retries >= 1),
    retry_policy text NOT NULL CHECK (retry_policy IN ('exponential', 'fixed', 'none')),
    retry_delay_secs double precision NOT NULL CHECK (retry_delay_secs >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);
