-- What it takes to blame the right job: of several that ran when their process died, and of all that a lost host held.
-- These columns are null in nearly every row, where they take no room; no index names them, so claims stay HOT.
ALTER TABLE {schema}.live
    -- True: it crashed, or ran when others did that died with it. It runs alone the next time.
    ADD COLUMN suspect boolean,
    -- True: this claim's run was announced before it began, as is done once a host was lost with the job.
    ADD COLUMN announced boolean,
    -- Runs that were cut short and charged to nobody: under suspicion, or by a kill on purpose. Null: none.
    ADD COLUMN interruptions integer;

ALTER TABLE {schema}.history ADD COLUMN interruptions integer;

CREATE OR REPLACE VIEW {schema}.jobs AS
SELECT
    l.id, l.queue, l.job_type, l.payload,
    CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END AS status,
    l.attempts + (l.worker_id IS NOT NULL)::integer AS attempts,
    l.max_retries, l.run_at, l.started_at,
    CASE WHEN l.worker_id IS NOT NULL THEN coalesce(w.leased_until, l.started_at) END AS locked_until,
    NULL::timestamptz AS finished_at,
    l.last_error, l.trace_id, l.created_at,
    l.priority, l.crashes, l.losses, l.fence, l.worker_id, coalesce(l.interruptions, 0) AS interruptions
FROM {schema}.live AS l
LEFT JOIN {schema}.workers AS w ON w.id = l.worker_id
UNION ALL
SELECT
    h.id, h.queue, h.job_type, h.payload, h.status, h.attempts, h.max_retries, h.run_at, h.started_at,
    NULL::timestamptz, h.finished_at, h.last_error, h.trace_id, h.created_at,
    h.priority, h.crashes, h.losses, h.fence, h.worker_id, coalesce(h.interruptions, 0)
FROM {schema}.history AS h;
