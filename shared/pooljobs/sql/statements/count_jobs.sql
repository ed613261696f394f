-- How each queue stands: what waits and runs now, and what ended of late and how fast.
-- Parameters: queue (null: all), limit (null: none; of more queues those of which most is due, or else pending, or else
-- ended), since (timestamptz: counts what ended from then on), seconds (where since is null: what ended in so many),
-- overlap (seconds). Returns a row a queue, by name, each with the time it was counted at and the number of all queues; one
-- row with that time and no queue where there is none. waited is from run_at to the start of the last run, ran from there
-- to the end, both in seconds, of jobs completed since; unknown are those due whose type none of the living fleets
-- declares, if there are any. Counted apart are those that ended in the last `overlap` seconds: who looks again counts from
-- there, and so misses nothing that was ended before this look and committed after it.
-- Locks: none. Index: none for the live table, all of which is counted; history's partitions of that time, and history_id.
-- What is known of types are keys of one object: how a look into it is planned depends on no statistics, as a join would.
-- Names are cut to one more than pooljobs itself would store: that and no more is told of them.
-- Run by: the command line.
WITH waiting_types AS MATERIALIZED (
    SELECT left(l.queue, 201) AS queue, left(l.job_type, 201) AS job_type,
        count(*) FILTER (WHERE l.status = 'pending') AS pending,
        count(*) FILTER (WHERE l.status = 'pending' AND l.run_at <= now()) AS due,
        count(*) FILTER (WHERE l.status = 'running') AS running,
        min(l.run_at) FILTER (WHERE l.status = 'pending' AND l.run_at <= now()) AS oldest_due
    FROM {schema}.jobs AS l
    WHERE l.finished_at IS NULL AND (%(queue)s::text IS NULL OR l.queue = %(queue)s::text)
    GROUP BY 1, 2
),
unknown AS MATERIALIZED (
    SELECT jsonb_object_agg(t.job_type, NULL) AS types
    FROM {schema}.look_up_types(ARRAY(SELECT n.job_type FROM waiting_types AS n WHERE n.due > 0)) AS t
    WHERE t.unknown
),
waiting AS (
    SELECT w.queue,
        sum(w.pending)::bigint AS pending, sum(w.due)::bigint AS due, sum(w.running)::bigint AS running,
        (sum(w.due) FILTER (WHERE jsonb_exists((SELECT u.types FROM unknown AS u), w.job_type)))::bigint AS unknown,
        date_part('epoch', now()) - date_part('epoch', min(w.oldest_due)) AS oldest_due_age
    FROM waiting_types AS w
    GROUP BY w.queue
),
ended AS (
    SELECT left(h.queue, 201) AS queue,
        count(*) FILTER (WHERE h.status = 'completed') AS completed,
        count(*) FILTER (WHERE h.status = 'failed') AS failed,
        count(*) FILTER (WHERE h.status = 'completed' AND h.finished_at >= now() - make_interval(secs => %(overlap)s)) AS completed_lately,
        count(*) FILTER (WHERE h.status = 'failed' AND h.finished_at >= now() - make_interval(secs => %(overlap)s)) AS failed_lately,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY date_part('epoch', h.started_at) - date_part('epoch', h.run_at)) FILTER (WHERE h.status = 'completed') AS waited,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
            ORDER BY date_part('epoch', h.finished_at) - date_part('epoch', h.started_at)) FILTER (WHERE h.status = 'completed') AS ran
    FROM {schema}.jobs AS h
    WHERE h.finished_at >= coalesce(%(since)s::timestamptz, now() - make_interval(secs => %(seconds)s)) AND h.finished_at < now() + interval '1 day'
      AND (%(queue)s::text IS NULL OR h.queue = %(queue)s::text)
    GROUP BY 1
),
chosen AS (
    SELECT queue,
        coalesce(w.pending, 0) AS pending, coalesce(w.due, 0) AS due, coalesce(w.unknown, 0) AS unknown,
        coalesce(w.running, 0) AS running, w.oldest_due_age,
        coalesce(e.completed, 0) AS completed, coalesce(e.failed, 0) AS failed,
        coalesce(e.completed_lately, 0) AS completed_lately, coalesce(e.failed_lately, 0) AS failed_lately,
        e.waited[1] AS wait_p50, e.waited[2] AS wait_p95, e.ran[1] AS run_p50, e.ran[2] AS run_p95,
        count(*) OVER () AS queues
    FROM waiting AS w
    FULL JOIN ended AS e USING (queue)
    ORDER BY due DESC, pending DESC, completed DESC, queue
    LIMIT %(limit)s
)
SELECT now() AS counted_at, c.*
FROM (SELECT 1) AS one
LEFT JOIN chosen AS c ON true
ORDER BY c.queue
