-- Fails due jobs of some queues whose type no living fleet has declared for so long, counted from when they were due; one
-- that is asked to be cancelled is left to that, and one that is paused waits. Looks at so many jobs, lane by lane from where
-- the last look ended: a backlog of known ones is walked over a part at a time.
--
-- Parameters: queues text[], seconds, most (jobs to look at), and where to begin: queue_number bigint (1: the first),
--   level smallint, run_at timestamptz, id uuid.
-- Returns one row: where it ended, as it is to be given to the next (queue_number null: the end was reached), then the
--   names of the types failed, of how many jobs each, and what a log says of one job of each of the first twenty types (an
--   array of objects; null for none).
-- Locks: the failed jobs FOR UPDATE SKIP LOCKED, in the order of their ids. Index: live_claim, then rows where they lie (one
--   that has moved since is left to the next look); cancellations_pkey, pauses_pkey; none of fleets, declarations and
--   job_types, all of which are read.
-- Run by: the steward.
WITH lanes AS MATERIALIZED (
    SELECT q.queue, q.number, level::smallint AS level,
        CASE WHEN f.first THEN %(run_at)s::timestamptz ELSE '-infinity' END AS floor_time,
        CASE WHEN f.first THEN %(id)s::uuid ELSE '00000000-0000-0000-0000-000000000000' END AS floor_id
    FROM unnest(%(queues)s::text[]) WITH ORDINALITY AS q (queue, number)
    CROSS JOIN generate_series(-4, 4) AS level
    CROSS JOIN LATERAL (SELECT (q.number, level) = (%(queue_number)s::bigint, %(level)s::integer) AS first) AS f
    WHERE (q.number, level) >= (%(queue_number)s::bigint, %(level)s::integer)
    ORDER BY q.number, level
),
walked AS MATERIALIZED (
    SELECT lane.number, lane.level, w.place, w.run_at, w.id, w.job_type
    FROM lanes AS lane
    CROSS JOIN LATERAL (
        SELECT l.ctid AS place, l.run_at, l.id, l.job_type
        FROM {schema}.live AS l
        WHERE l.queue = lane.queue
          AND l.priority = lane.level
          AND l.run_at <= now() - make_interval(secs => %(seconds)s)
          AND (l.run_at, l.id) > (lane.floor_time, lane.floor_id)
          AND l.worker_id IS NULL
          AND l.queue <> ''  -- of every job: without it live_claim is not to be had
        ORDER BY l.run_at, l.id
        LIMIT %(most)s
    ) AS w
    LIMIT %(most)s
),
declared AS MATERIALIZED (
    SELECT d.job_type, max(d.until) AS until
    FROM (
        SELECT t.job_type, f.seen_until AS until
        FROM {schema}.declarations AS t JOIN {schema}.fleets AS f ON f.id = t.fleet
        UNION ALL
        SELECT t.job_type, t.declared_until FROM {schema}.job_types AS t
    ) AS d
    GROUP BY d.job_type
),
unknown AS MATERIALIZED (
    SELECT w.place, w.job_type, nullif(d.until, '-infinity') AS until
    FROM walked AS w
    LEFT JOIN declared AS d ON d.job_type = w.job_type
    WHERE (d.until IS NULL OR d.until <= now() - make_interval(secs => %(seconds)s))
      AND NOT EXISTS (SELECT FROM {schema}.cancellations AS c WHERE c.job_id = w.id)
),
free AS MATERIALIZED (
    SELECT l.ctid AS place, concat(
        'no living worker declares the job type ', quote_literal(left(u.job_type, 200)),
        ' (for ', %(seconds)s::float8, ' s; --unknown-after)',
        to_char(u.until AT TIME ZONE 'UTC', '"; declared last at "YYYY-MM-DD HH24:MI:SS" UTC"')
    ) AS error
    FROM {schema}.live AS l
    JOIN unknown AS u ON u.place = l.ctid
    WHERE l.worker_id IS NULL AND l.run_at <= now() - make_interval(secs => %(seconds)s)
      AND NOT EXISTS (SELECT FROM {schema}.pauses AS p WHERE p.kind = 'queue' AND p.name = l.queue)
      AND NOT EXISTS (SELECT FROM {schema}.pauses AS p WHERE p.kind = 'type' AND p.name = l.job_type)
    ORDER BY l.id
    FOR UPDATE OF l SKIP LOCKED
),
ended AS (
    DELETE FROM {schema}.live AS l
    USING free AS f
    WHERE l.ctid = f.place
    RETURNING l.*, f.error
),
failed AS (
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
    )
    SELECT
        e.run_at, NULL, now(), NULL, e.max_retries, e.attempts, e.crashes, e.losses, 'failed', e.error, {carried:e}
    FROM ended AS e
    RETURNING id, left(job_type, 201) AS job_type, left(queue, 200) AS queue, attempts::bigint + 1 AS attempt, max_retries,
        left(trace_id, 200) AS trace_id, last_error AS error
),
counts AS (
    SELECT f.job_type, count(*) AS jobs FROM failed AS f GROUP BY f.job_type
),
last AS (
    SELECT w.*
    FROM walked AS w
    WHERE (SELECT count(*) FROM walked) >= %(most)s
    ORDER BY w.number DESC, w.level DESC, w.run_at DESC, w.id DESC
    LIMIT 1
)
SELECT l.number, l.level, l.run_at::text, l.id, c.job_types, c.jobs,
    (SELECT jsonb_agg(to_jsonb(f)) FROM (SELECT DISTINCT ON (o.job_type) o.* FROM failed AS o ORDER BY 2, 1 LIMIT 20) AS f)
FROM (
    SELECT array_agg(f.job_type ORDER BY f.jobs DESC, f.job_type) AS job_types,
        array_agg(f.jobs ORDER BY f.jobs DESC, f.job_type) AS jobs
    FROM counts AS f
) AS c
LEFT JOIN last AS l ON true
