-- Gives back what workers that are dead or unknown still hold. Rows that a dying backend still locks are skipped; the
-- caller comes again.
--
-- When %(lost)s is true a host is gone, and with it who could tell which of these jobs ran. A loss is counted for each
-- job that no host was lost with before: it may have run. From then on the start of its runs is recorded (record_start.sql), and
-- a loss is counted only if this one was: who waits beside a job that takes its hosts down is counted one loss, however
-- often. With %(max_losses)s losses a job has failed. Jobs that ran when their host was lost are parted before they run
-- again, since one of them may be the cause: each runs alone in its worker, and at a random moment of the next seconds.
-- A job that may have run counts as not refused: its handler may have been called.
--
-- Parameters: worker_ids bigint[] (null: of every dead worker), lost boolean, max_losses integer (from 2 on).
-- Returns: the number given back or failed, the number still held, the number failed, and of the first hundred of
--   these what a log says of them (an array of objects; null for none).
-- Locks: the released rows FOR UPDATE SKIP LOCKED. The owner is compared again under the lock: somebody else may have
--   released the job meanwhile, and a living worker claimed it.
-- Index: none (a scan of the live table, after a death only), then live_pkey.
-- Run by: the steward.
WITH orphaned AS MATERIALIZED (
    SELECT l.id, l.worker_id
    FROM {schema}.live AS l
    WHERE l.worker_id IS NOT NULL
      AND (%(worker_ids)s::bigint[] IS NULL OR l.worker_id = ANY (%(worker_ids)s::bigint[]))
      AND NOT EXISTS (SELECT FROM {schema}.workers AS w WHERE w.id BETWEEN l.worker_id AND l.worker_id AND w.dead_at IS NULL)
),
free AS MATERIALIZED (
    SELECT l.id, l.worker_id, l.losses + 1 AS loss, l.start_recorded IS TRUE AS ran,
        %(lost)s::boolean AND (l.start_recorded IS TRUE OR l.losses = 0) AS counted
    FROM {schema}.live AS l
    JOIN orphaned AS o ON l.id BETWEEN o.id AND o.id AND o.worker_id = l.worker_id
    ORDER BY o.id
    FOR UPDATE OF l SKIP LOCKED
),
judged AS MATERIALIZED (
    SELECT f.id, f.counted, f.ran, f.loss, f.counted AND f.loss >= %(max_losses)s::integer AS spent,
        CASE WHEN f.counted THEN concat(
            'its host ', coalesce(left(w.host, 200), '(unknown)'), ' was lost while it ',
            CASE WHEN f.ran THEN 'ran this job' ELSE 'held this job, which may have begun' END,
            ' (', 'worker-' || w.ordinal || ', pid ' || w.pid || ', ', 'loss ', f.loss, ' of ', %(max_losses)s::integer, ')'
        ) END AS error
    FROM free AS f
    LEFT JOIN {schema}.workers AS w ON w.id BETWEEN f.worker_id AND f.worker_id
),
released AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL, token = NULL, started_at = NULL, start_recorded = NULL,
        losses = least(l.losses, 32766) + j.counted::integer, last_error = coalesce(j.error, l.last_error),
        suspect = CASE WHEN l.suspect OR j.counted AND j.ran THEN true END,
        refused_since = CASE WHEN NOT j.counted THEN l.refused_since END,
        run_at = CASE WHEN j.counted AND j.ran THEN now() + make_interval(secs => random() * 5 * j.loss) ELSE l.run_at END
    FROM judged AS j
    WHERE l.id BETWEEN j.id AND j.id AND NOT j.spent
    RETURNING l.id
),
ended AS (
    DELETE FROM {schema}.live AS l
    USING judged AS j
    WHERE l.id BETWEEN j.id AND j.id AND j.spent
    RETURNING l.*, j.error
),
failed AS (
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
    )
    SELECT
        e.run_at, e.started_at, now(), e.worker_id, e.max_retries, e.attempts, e.crashes, least(e.losses, 32766) + 1, 'failed', e.error, {carried:e}
    FROM ended AS e
    RETURNING id, left(job_type, 201) AS job_type, left(queue, 200) AS queue, attempts::bigint + 1 AS attempt, max_retries,
        left(trace_id, 200) AS trace_id, last_error AS error
),
counts AS (
    SELECT (SELECT count(*) FROM released) AS back, (SELECT count(*) FROM failed) AS failed,
        (SELECT count(*) FROM orphaned) AS all_of_them
)
SELECT c.back + c.failed, c.all_of_them - c.back - c.failed, c.failed,
    (SELECT jsonb_agg(to_jsonb(f)) FROM (SELECT * FROM failed LIMIT 100) AS f)
FROM counts AS c
