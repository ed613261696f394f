-- How each queue stands: what waits and runs now, and what ended in the last hour and how fast.
-- Parameters: queue (null: all), limit (null: none; of more queues those of which most is due, or else pending, or else
-- ended). Returns a row a queue, by name, each with the number of all queues; waited is from run_at to the start of the last run,
-- ran from there to the end, both in seconds, of jobs completed in the last hour; unknown are those due whose type
-- none of the living fleets declares, if there are any.
-- Locks: none. Index: none for the live table, all of which is counted; the last hour's partitions of history.
-- The known types are keys of one object: how a look into it is planned depends on no statistics, as a join would.
WITH known AS MATERIALIZED (
    SELECT jsonb_object_agg(d.job_type, NULL) AS types
    FROM {schema}.declarations AS d
    JOIN {schema}.fleets AS f ON f.id = d.fleet
    WHERE f.seen_until > now()
),
waiting AS (
    SELECT l.queue,
        count(*) FILTER (WHERE l.worker_id IS NULL) AS pending,
        count(*) FILTER (WHERE l.worker_id IS NULL AND l.run_at <= now()) AS due,
        count(*) FILTER (WHERE l.worker_id IS NULL AND l.run_at <= now()
            AND NOT jsonb_exists((SELECT k.types FROM known AS k), l.job_type)) AS unknown,
        count(*) FILTER (WHERE l.worker_id IS NOT NULL) AS running,
        date_part('epoch', now())
            - date_part('epoch', min(l.run_at) FILTER (WHERE l.worker_id IS NULL AND l.run_at <= now())) AS oldest_due_age
    FROM {schema}.live AS l
    WHERE %(queue)s::text IS NULL OR l.queue = %(queue)s::text
    GROUP BY l.queue
),
ended AS (
    SELECT h.queue,
        count(*) FILTER (WHERE h.status = 'completed') AS completed,
        count(*) FILTER (WHERE h.status = 'failed') AS failed,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY date_part('epoch', h.started_at) - date_part('epoch', h.run_at)) FILTER (WHERE h.status = 'completed') AS waited,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY date_part('epoch', h.finished_at) - date_part('epoch', h.started_at)) FILTER (WHERE h.status = 'completed') AS ran
    FROM {schema}.history AS h
    WHERE h.finished_at >= now() - interval '1 hour' AND h.finished_at < now() + interval '1 day'
      AND (%(queue)s::text IS NULL OR h.queue = %(queue)s::text)
    GROUP BY h.queue
),
chosen AS (
    SELECT left(queue, 201) AS queue,
        coalesce(w.pending, 0) AS pending, coalesce(w.due, 0) AS due, coalesce(w.unknown, 0) AS unknown,
        coalesce(w.running, 0) AS running, w.oldest_due_age,
        coalesce(e.completed, 0) AS completed_last_hour, coalesce(e.failed, 0) AS failed_last_hour,
        e.waited[1] AS wait_p50, e.waited[2] AS wait_p95, e.ran[1] AS run_p50, e.ran[2] AS run_p95,
        count(*) OVER () AS queues
    FROM waiting AS w
    FULL JOIN ended AS e USING (queue)
    ORDER BY due DESC, pending DESC, completed_last_hour DESC, queue
    LIMIT %(limit)s
)
SELECT c.* FROM chosen AS c ORDER BY c.queue
