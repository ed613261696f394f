-- The newest jobs that match, live and ended together: by when they ended, or else were enqueued.
--
-- Parameters: window (interval: how far back to look at what ended; null: all of history), statuses text[], queue,
--   job_type (null: any), limit.
-- Returns: what the command line shows of a job; age, the seconds since it ended or else was enqueued;
--   refused_for, the seconds since its payload was first refused; unknown: it is pending, and fleets live of
--   which none declares its type; retry_policy: as declared last, null if it never was.
-- The upper bound leaves out the partitions that are made ahead, and leaves room for a clock that was set back.
-- Locks: none. Index: live_pkey backwards, since ids sort by time; partitions of history by finished_at, and in them
--   history_id, or history_failed where only failed ones are asked for.
WITH matching AS MATERIALIZED (
    (
        SELECT l.id, l.queue, l.job_type, l.status, l.attempts, l.max_retries, l.priority,
            l.run_at, l.created_at, l.started_at, l.finished_at, l.trace_id, l.last_error, l.refused_since
        FROM {schema}.jobs AS l
        WHERE l.finished_at IS NULL
          AND (%(statuses)s::text[] IS NULL
               OR (%(statuses)s::text[] && ARRAY['pending', 'running'] AND l.status = ANY (%(statuses)s::text[])))
          AND (%(queue)s::text IS NULL OR l.queue = %(queue)s::text)
          AND (%(job_type)s::text IS NULL OR l.job_type = %(job_type)s::text)
        ORDER BY l.id DESC
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT h.id, h.queue, h.job_type, h.status, h.attempts, h.max_retries, h.priority,
            h.run_at, h.created_at, h.started_at, h.finished_at, h.trace_id, h.last_error, h.refused_since
        FROM {schema}.jobs AS h
        WHERE (%(window)s::interval IS NULL OR h.finished_at >= now() - %(window)s::interval)
          AND h.finished_at < now() + interval '1 day'
          AND (%(statuses)s::text[] IS NULL OR h.status = ANY (%(statuses)s::text[]))
          AND (%(queue)s::text IS NULL OR h.queue = %(queue)s::text)
          AND (%(job_type)s::text IS NULL OR h.job_type = %(job_type)s::text)
        ORDER BY h.finished_at DESC
        LIMIT %(limit)s
    )
)
SELECT m.*, extract(epoch FROM now() - coalesce(m.finished_at, m.created_at))::float8 AS age,
    extract(epoch FROM m.run_at - now())::float8 AS due_in,
    extract(epoch FROM now() - m.refused_since)::float8 AS refused_for,
    m.status = 'pending' AND t.unknown AS unknown,
    t.retry_policy
FROM matching AS m
LEFT JOIN {schema}.look_up_types(ARRAY(SELECT n.job_type FROM matching AS n)) AS t ON t.job_type = m.job_type
ORDER BY coalesce(m.finished_at, m.created_at) DESC, m.id DESC
LIMIT %(limit)s
