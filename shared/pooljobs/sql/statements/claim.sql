-- Claims up to %(limit)s due jobs for one worker, lane by lane, and returns them in one row, column by column: a JSON
-- array for each job would have its types looked up for each job.
--
-- A lane is one priority level of one queue: equality on both lets the index give the jobs in order, so that a claim
-- costs the batch and not the backlog, and what is scheduled for tomorrow at a high priority is never walked over.
-- Lanes are visited in the order of the arrays. Each has a floor, the key its scan starts at, past the dead index
-- entries that claims and settlements leave behind until the next vacuum. A null priority stands for all levels of the
-- queue, in order: a hundred queues are swept by a hundred entries and not by nine hundred. Where they are many, one
-- look finds the first level that holds anything, if any does; but not past what a floor is there to pass.
--
-- Parameters: worker_id, token, limit, and an element for each lane in queues text[], priorities smallint[] (null: all),
--   floor_times timestamptz[], floor_ids uuid[]; most_bytes. {pass_over} is empty, or pass_over.sql.
-- Returns, of the jobs in the order in which to run them: alive (0: this worker is unknown, dead or past its lease, and
--   claims nothing), at (now(): what was due by then in the lanes of a claim that is not full was taken or passed over,
--   but for commits that come late), ids (16 bytes each), places (6 bytes each: the row's ctid, for settle.sql), run_ats
--   (8 bytes each: microseconds since 2000), jobs (JSON: an array of columns, each an array), careful (JSON array of [id,
--   payload left out, care], of the jobs of which one of these is to be known; care is null, or an array of suspect, losses,
--   flags, seconds since it was first refused, and as texts tags and meta). All but alive and at are null where no job was
--   due. What most jobs have not is one column of each and not six.
-- A row of somebody's who inserts what he likes harms no other: the fence ends at its type's end, of a name longer than any
--   that pooljobs takes (200 characters) no more is returned than shows that it is, and times are subtracted as numbers, since
--   a difference with an infinite one is an error before PostgreSQL 17, and one too large is in all.
-- Left out are payloads that are not certain to be as short as most_bytes. Of a compressed one nobody can tell without
--   reading it: 3 bytes stand for 273 at most in pglz, one more for 255 more in lz4. They are fetched when their turn comes
--   (fetch_payloads.sql).
-- Locks: the worker's row FOR KEY SHARE, so that it cannot be reaped meanwhile; the claimed rows FOR UPDATE.
-- Index: live_claim; the locked rows are updated where they lie (a row that moved since the snapshot waits for the next
--   claim). The update is HOT. Commits without waiting for the disk: a claim lost in a server crash is a job that is
--   still pending, and the token keeps the old worker from settling it.
-- Run by: workers.
WITH worker AS MATERIALIZED (
    SELECT w.id
    FROM {schema}.workers AS w, set_config('synchronous_commit', 'off', true)
    WHERE w.id = %(worker_id)s
      AND w.dead_at IS NULL
      AND greatest(w.leased_until, pg_postmaster_start_time() + w.job_timeout) > now()
    FOR KEY SHARE OF w
),
picked AS MATERIALIZED (
    SELECT due.place
    FROM worker
    CROSS JOIN unnest(%(queues)s::text[], %(priorities)s::smallint[], %(floor_times)s::timestamptz[], %(floor_ids)s::uuid[])
        AS lane (queue, priority, floor_time, floor_id)
    CROSS JOIN LATERAL generate_series(
        CASE
            WHEN lane.priority IS NOT NULL THEN lane.priority
            WHEN cardinality(%(queues)s::text[]) < 10 OR lane.floor_time > '-infinity' THEN -4
            ELSE (
                SELECT l.priority
                FROM {schema}.live AS l
                WHERE l.queue = lane.queue AND l.worker_id IS NULL AND l.queue <> ''
                ORDER BY l.priority, l.run_at, l.id
                LIMIT 1
            )
        END,
        coalesce(lane.priority, 4)
    ) AS level
    CROSS JOIN LATERAL (
        SELECT l.ctid AS place
        FROM {schema}.live AS l
        WHERE l.queue = lane.queue
          AND l.priority = level::smallint
          AND l.run_at <= now()
          AND (l.run_at, l.id) >= (lane.floor_time, lane.floor_id)
          AND l.worker_id IS NULL
          AND l.queue <> ''  -- of every job: without it live_claim is not to be had
          {pass_over}
        ORDER BY l.run_at, l.id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ) AS due
    LIMIT %(limit)s
),
claimed AS (
    UPDATE {schema}.live AS l
    SET worker_id = %(worker_id)s, token = %(token)s, fence = least(l.fence, 9223372036854775806) + 1, started_at = now()
    FROM picked
    WHERE l.ctid = picked.place
    RETURNING l.id, l.ctid AS place, l.fence,
        CASE WHEN octet_length(l.job_type) <= 800 THEN l.job_type ELSE left(l.job_type, 201) END AS job_type,
        CASE WHEN pg_column_size(l.payload)::bigint
            * CASE coalesce(pg_column_compression(l.payload), '') WHEN '' THEN 1 WHEN 'pglz' THEN 90 WHEN 'lz4' THEN 260 END
            <= %(most_bytes)s THEN l.payload END AS payload,
        l.attempts, l.max_retries, l.queue, l.priority, left(l.trace_id, 200) AS trace_id, l.run_at,
        CASE WHEN l.suspect OR l.losses > 0 OR l.flags IS NOT NULL OR l.refused_since IS NOT NULL
            OR l.tags IS NOT NULL OR l.meta IS NOT NULL
        THEN json_build_array(
            l.suspect IS TRUE, l.losses, l.flags,
            least(greatest(date_part('epoch', now()) - date_part('epoch', l.refused_since), 0), 1e9),
            CASE WHEN pg_column_size(l.tags) <= 65536 AND octet_length(l.tags::text) <= 262144 THEN l.tags::text END,
            CASE WHEN pg_column_size(l.meta) <= 65536 AND octet_length(l.meta::text) <= 262144 THEN l.meta::text END
        ) END AS care
)
SELECT
    (SELECT count(*) FROM worker) AS alive,
    now() AS at,
    string_agg(uuid_send(c.id), '') AS ids,
    string_agg(tidsend(c.place), '') AS places,
    string_agg(timestamptz_send(c.run_at), '') AS run_ats,
    json_build_array(
        json_agg(c.fence), json_agg(c.job_type), json_agg(c.payload), json_agg(c.attempts), json_agg(c.max_retries),
        json_agg(c.queue), json_agg(c.priority), json_agg(c.trace_id)
    )::text AS jobs,
    (json_agg(json_build_array(c.id, c.payload IS NULL, c.care)) FILTER (WHERE c.care IS NOT NULL OR c.payload IS NULL))::text
        AS careful
FROM (SELECT * FROM claimed ORDER BY priority, run_at, id) AS c
