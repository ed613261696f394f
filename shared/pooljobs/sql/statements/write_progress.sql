-- Notes how far the jobs of one worker are: all that it knows of, in the place of what it noted before.
-- Parameters: worker_id; arrays of one length, an element a job: ids text[] (hexadecimal digits), tokens bigint[] (of their claims), dones and
--   totals float8[] (null: not known), notes text[] (null: none), ages float8[] (seconds since the handler said so).
-- Locks: the worker's row in `progress`, which is nobody else's. Index: workers_pkey, progress_pkey. The update is HOT.
-- Commits without waiting for the disk: what is lost in a crash of the server is said again.
-- Run by: workers.
INSERT INTO {schema}.progress AS p (worker_id, reports)
SELECT w.id, coalesce((
    SELECT jsonb_object_agg(r.id::uuid, jsonb_build_object(
        'token', r.token, 'done', r.done, 'total', r.total, 'note', r.note, 'at', now() - make_interval(secs => r.age)
    ))
    FROM unnest(
        %(ids)s::text[], %(tokens)s::bigint[], %(dones)s::float8[], %(totals)s::float8[], %(notes)s::text[], %(ages)s::float8[]
    ) AS r (id, token, done, total, note, age)
), '{{}}')
FROM {schema}.workers AS w, set_config('synchronous_commit', 'off', true)
WHERE w.id = %(worker_id)s AND w.dead_at IS NULL
ON CONFLICT (worker_id) DO UPDATE SET reports = excluded.reports
