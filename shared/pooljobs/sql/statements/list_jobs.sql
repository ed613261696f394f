-- The newest jobs that match, live and ended together: by when they ended, or else were enqueued.
--
-- Parameters: window (interval: how far back to look at what ended; null: all of history), statuses text[], queue,
--   job_type, tag (null: any), limit, whole (boolean: also what only other programs read).
-- Returns: what the command line shows of a job; age, the seconds since it ended or else was enqueued;
--   refused_for, the seconds since its payload was first refused; unknown: it is pending, and fleets live of
--   which none declares its type; retry_policy: as declared last, null if it never was; secret: the payload's fields to mask.
-- If whole: payload and result (null where one takes more than 256 kB, whose number is in payload_bytes or result_bytes
--   then), tags and meta, the lease and what was asked of it. No column of a worker's but its id: for each row of history
--   that would be looked up before the limit.
-- Of names and errors no more is shown than pooljobs itself would have stored: whoever inserts a gigabyte hides no other job.
-- The upper bound leaves out the partitions that are made ahead, and leaves room for a clock that was set back.
-- Locks: none. Index: live_pkey backwards, since ids sort by time; partitions of history by finished_at, and in them
--   history_id, or history_failed where only failed ones are asked for.
-- Run by: the command line.
WITH matching AS MATERIALIZED (
    (
        SELECT l.id, left(l.queue, 201) AS queue, left(l.job_type, 201) AS job_type, l.status, l.attempts, l.max_retries,
            l.priority, l.run_at, l.created_at, l.started_at, l.finished_at, left(l.trace_id, 201) AS trace_id,
            left(l.last_error, 10000) AS last_error, l.refused_since,
            l.crashes, l.losses, l.fence, l.worker_id, l.interruptions, l.flags, l.snoozes, l.progress,
            CASE WHEN %(whole)s THEN l.locked_until END AS locked_until,
            CASE WHEN %(whole)s THEN l.cancel_requested_at END AS cancel_requested_at,
            CASE WHEN %(whole)s THEN l.cancel_reason END AS cancel_reason,
            CASE WHEN %(whole)s AND pg_column_size(l.tags) <= 65536 THEN l.tags END AS tags,
            CASE WHEN %(whole)s AND pg_column_size(l.meta) <= 65536 THEN l.meta END AS meta,
            CASE WHEN %(whole)s AND pg_column_size(l.payload) <= 262144 THEN l.payload END AS payload,
            CASE WHEN %(whole)s AND pg_column_size(l.payload) > 262144 THEN pg_column_size(l.payload) END AS payload_bytes,
            NULL::text AS result, NULL::integer AS result_bytes, NULL::text AS result_note
        FROM {schema}.jobs AS l
        WHERE l.finished_at IS NULL
          AND (%(statuses)s::text[] IS NULL
               OR (%(statuses)s::text[] && ARRAY['pending', 'running'] AND l.status = ANY (%(statuses)s::text[])))
          AND (%(queue)s::text IS NULL OR l.queue = %(queue)s::text)
          AND (%(job_type)s::text IS NULL OR l.job_type = %(job_type)s::text)
          AND (%(tag)s::text IS NULL OR l.tags ? %(tag)s::text)
        ORDER BY l.id DESC
        LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT h.id, left(h.queue, 201), left(h.job_type, 201), h.status, h.attempts, h.max_retries,
            h.priority, h.run_at, h.created_at, h.started_at, h.finished_at, left(h.trace_id, 201),
            left(h.last_error, 10000), h.refused_since,
            h.crashes, h.losses, h.fence, h.worker_id, h.interruptions, h.flags, h.snoozes, h.progress,
            CASE WHEN %(whole)s THEN h.locked_until END,
            CASE WHEN %(whole)s THEN h.cancel_requested_at END,
            CASE WHEN %(whole)s THEN h.cancel_reason END,
            CASE WHEN %(whole)s AND pg_column_size(h.tags) <= 65536 THEN h.tags END,
            CASE WHEN %(whole)s AND pg_column_size(h.meta) <= 65536 THEN h.meta END,
            CASE WHEN %(whole)s AND pg_column_size(h.payload) <= 262144 THEN h.payload END,
            CASE WHEN %(whole)s AND pg_column_size(h.payload) > 262144 THEN pg_column_size(h.payload) END,
            CASE WHEN %(whole)s AND pg_column_size(h.result) <= 262144 THEN h.result::text END,
            CASE WHEN %(whole)s AND pg_column_size(h.result) > 262144 THEN pg_column_size(h.result) END,
            CASE WHEN %(whole)s THEN left(h.result_note, 1000) END
        FROM {schema}.jobs AS h
        WHERE (%(window)s::interval IS NULL OR h.finished_at >= now() - %(window)s::interval)
          AND h.finished_at < now() + interval '1 day'
          AND (%(statuses)s::text[] IS NULL OR h.status = ANY (%(statuses)s::text[]))
          AND (%(queue)s::text IS NULL OR h.queue = %(queue)s::text)
          AND (%(job_type)s::text IS NULL OR h.job_type = %(job_type)s::text)
          AND (%(tag)s::text IS NULL OR h.tags ? %(tag)s::text)
        ORDER BY h.finished_at DESC
        LIMIT %(limit)s
    )
)
SELECT m.*, date_part('epoch', now()) - date_part('epoch', coalesce(m.finished_at, m.created_at)) AS age,
    date_part('epoch', m.run_at) - date_part('epoch', now()) AS due_in,
    date_part('epoch', now()) - date_part('epoch', m.refused_since) AS refused_for,
    m.status = 'pending' AND t.unknown AS unknown,
    t.retry_policy, t.secret
FROM matching AS m
LEFT JOIN {schema}.look_up_types(ARRAY(SELECT n.job_type FROM matching AS n)) AS t ON t.job_type = m.job_type
ORDER BY coalesce(m.finished_at, m.created_at) DESC, m.id DESC
LIMIT %(limit)s
