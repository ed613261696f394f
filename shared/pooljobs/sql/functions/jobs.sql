-- Live and ended jobs as one table: what people query, and what the command line shows. A running job's locked_until is
-- its worker's lease, its attempts include the run under way, and its progress is what that run said. CREATE OR REPLACE
-- VIEW appends columns and does nothing else to them, so the order of these is kept; what is added later comes last.
-- Commands read nothing else of jobs, so that who may read this needs no table: each branch is of one table alone, so
-- that the planner takes both apart (`finished_at IS NULL`: the live ones, `finished_at >= …`: the ended ones), and what
-- other tables know is looked up only where it is asked for.
CREATE OR REPLACE VIEW {schema}.jobs AS
SELECT
    l.id, l.queue, l.job_type, l.payload,
    CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END AS status,
    least(l.attempts, 2147483646) + (l.worker_id IS NOT NULL)::integer AS attempts,
    l.max_retries, l.run_at, l.started_at,
    CASE WHEN l.worker_id IS NOT NULL THEN
        coalesce((SELECT w.leased_until FROM {schema}.workers AS w WHERE w.id = l.worker_id), l.started_at)
    END AS locked_until,
    NULL::timestamptz AS finished_at,
    l.last_error, l.trace_id, l.created_at,
    l.priority, l.crashes, l.losses, l.fence, l.worker_id, coalesce(l.interruptions, 0) AS interruptions,
    l.refused_since, l.flags,
    (SELECT w.host FROM {schema}.workers AS w WHERE w.id = l.worker_id) AS worker_host,
    (SELECT w.pid FROM {schema}.workers AS w WHERE w.id = l.worker_id) AS worker_pid,
    (SELECT w.ordinal FROM {schema}.workers AS w WHERE w.id = l.worker_id) AS worker_ordinal,
    (SELECT c.requested_at FROM {schema}.cancellations AS c WHERE c.job_id = l.id) AS cancel_requested_at,
    (SELECT c.reason FROM {schema}.cancellations AS c WHERE c.job_id = l.id) AS cancel_reason{appended:l}
FROM {schema}.live AS l
UNION ALL
SELECT
    h.id, h.queue, h.job_type, h.payload, h.status, h.attempts, h.max_retries, h.run_at, h.started_at,
    NULL::timestamptz, h.finished_at, h.last_error, h.trace_id, h.created_at,
    h.priority, h.crashes, h.losses, h.fence, h.worker_id, coalesce(h.interruptions, 0),
    NULL::timestamptz, h.flags,
    (SELECT w.host FROM {schema}.workers AS w WHERE w.id = h.worker_id),
    (SELECT w.pid FROM {schema}.workers AS w WHERE w.id = h.worker_id),
    (SELECT w.ordinal FROM {schema}.workers AS w WHERE w.id = h.worker_id),
    NULL::timestamptz, NULL::text{appended:h}
FROM {schema}.history AS h;
