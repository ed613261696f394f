-- What the demo remembers beside the jobs: each id it enqueued, and each run of a handler. Parameters: none.
-- Locks: the new tables. Index: by run, and by job for those who look for earlier runs of theirs.
CREATE TABLE {schema}.enqueued (job_id uuid PRIMARY KEY);

CREATE TABLE {schema}.audit (
    run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    pid integer NOT NULL,
    process text NOT NULL,
    started timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended timestamptz,
    outcome text
);

CREATE INDEX audit_job ON {schema}.audit (job_id)
