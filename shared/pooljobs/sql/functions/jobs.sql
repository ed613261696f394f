-- Live and ended jobs as one table: what people query, and what the command line shows. A running job's locked_until is
-- its worker's lease, and its attempts include the run under way. CREATE OR REPLACE VIEW appends columns and does
-- nothing else to them, so the order of these is kept; what is added to a job's columns comes last.
CREATE OR REPLACE VIEW {schema}.jobs AS
SELECT
    l.id, l.queue, l.job_type, l.payload,
    CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END AS status,
    least(l.attempts, 2147483646) + (l.worker_id IS NOT NULL)::integer AS attempts,
    l.max_retries, l.run_at, l.started_at,
    CASE WHEN l.worker_id IS NOT NULL THEN coalesce(w.leased_until, l.started_at) END AS locked_until,
    NULL::timestamptz AS finished_at,
    l.last_error, l.trace_id, l.created_at,
    l.priority, l.crashes, l.losses, l.fence, l.worker_id, coalesce(l.interruptions, 0) AS interruptions,
    l.refused_since, {appended:l}
FROM {schema}.live AS l
LEFT JOIN {schema}.workers AS w ON w.id = l.worker_id
UNION ALL
SELECT
    h.id, h.queue, h.job_type, h.payload, h.status, h.attempts, h.max_retries, h.run_at, h.started_at,
    NULL::timestamptz, h.finished_at, h.last_error, h.trace_id, h.created_at,
    h.priority, h.crashes, h.losses, h.fence, h.worker_id, coalesce(h.interruptions, 0),
    NULL::timestamptz, {appended:h}
FROM {schema}.history AS h;
