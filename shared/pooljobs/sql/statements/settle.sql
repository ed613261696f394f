-- Settles a batch of jobs that all completed: what most batches are. Any other goes by settle_full.sql, with more to say.
-- Only rows that the claim still owns count: id, fence and token must match.
--
-- Parameters, arrays of one length, sorted by id so that concurrent batches lock in one order:
--   ids uuid[], places tid[] (where claim.sql left the row; null: it is looked up by its id), fences bigint[],
--   tokens bigint[], started_ago float8[] (seconds since the handler began, -1: not known). Null for all places means that there are none.
-- Returns: the accepted ids, 16 bytes each, as one bytea. What is absent was lost to somebody else, or its row has moved
--   since the claim: whoever gave a place asks once more without.
-- Locks: the settled rows. Index: none, rows are read where they lie; live_pkey for those without a place.
-- uuid_eq is `=` as a function, of which the planner knows nothing: by the operator it could also walk live_pkey from end to
--   end, and does where statistics call the table empty. So a row is read at its place or not at all.
-- Run by: workers and the steward.
WITH given AS MATERIALIZED (
    SELECT
        g.id, coalesce(g.place, (SELECT p.ctid FROM {schema}.live AS p WHERE p.id = g.id)) AS place,
        g.fence, g.token, g.started_ago
    FROM unnest(
        %(ids)s::uuid[], %(places)s::tid[], %(fences)s::bigint[], %(tokens)s::bigint[], %(started_ago)s::float8[]
    ) AS g (id, place, fence, token, started_ago)
),
ended AS (
    DELETE FROM {schema}.live AS l
    USING given AS g
    WHERE l.ctid = g.place AND uuid_eq(l.id, g.id) AND l.fence = g.fence AND l.token = g.token
    RETURNING l.*, g.started_ago
),
kept AS (
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
    )
    SELECT
        e.run_at, CASE WHEN e.started_ago >= 0 THEN now() - make_interval(secs => e.started_ago) END, now(),
        e.worker_id, e.max_retries, least(e.attempts, 2147483646) + (e.started_ago >= 0)::integer, e.crashes, e.losses,
        'completed', e.last_error, {carried:e}
    FROM ended AS e
    RETURNING id
)
SELECT string_agg(uuid_send(id), ''::bytea) FROM kept
