-- Settles a batch of mixed verdicts (pooljobs/job/verdict.py has the numbers: below 10 a job ends and moves to history,
-- from 10 on it goes back to pending). Only rows that the claim still owns count: id, fence and token must match.
--
-- Parameters, arrays of one length, sorted by id so that concurrent batches lock in one order:
--   ids uuid[], places tid[] (where claim.sql left the row; null: it is looked up by its id), fences bigint[],
--   tokens bigint[], verdicts smallint[], errors text[] (null: none), delays float8[] (seconds until the next run,
--   -1: run_at stays), started_ago float8[] (seconds since the handler began, -1: it did not). Null for a whole array
--   of places or errors means that there are none.
-- Returns: the accepted ids, 16 bytes each, as one bytea. What is absent was lost to somebody else, or its row has moved
--   since the claim: whoever gave a place asks once more without.
-- Locks: the settled rows. Index: none, rows are read where they lie; live_pkey for those without a place.
-- uuid_eq is `=` as a function, of which the planner knows nothing: by the operator it could also walk live_pkey from end to
--   end, and does where statistics call the table empty. So a row is read at its place or not at all.
-- Verdicts: 1 completed, 2 failed, 3 cancelled, 4 poisoned; 10 retry, 11 released, 12 crashed, 13 lost, 14 suspected;
--   16 refused.
-- A job that is released after its handler began, or suspected, is charged nothing; that it ran is counted apart.
-- Suspected and crashed jobs run alone the next time; the mark stays until a run has ended in any other way.
-- refused_since is when a job was first refused since its handler was last called.
WITH given AS MATERIALIZED (
    SELECT
        g.id, coalesce(g.place, (SELECT p.ctid FROM {schema}.live AS p WHERE p.id = g.id)) AS place,
        g.fence, g.token, g.verdict, g.error, g.delay, g.started_ago
    FROM unnest(
        %(ids)s::uuid[], %(places)s::tid[], %(fences)s::bigint[], %(tokens)s::bigint[], %(verdicts)s::smallint[],
        %(errors)s::text[], %(delays)s::float8[], %(started_ago)s::float8[]
    ) AS g (id, place, fence, token, verdict, error, delay, started_ago)
),
ended AS (
    DELETE FROM {schema}.live AS l
    USING given AS g
    WHERE l.ctid = g.place AND uuid_eq(l.id, g.id) AND l.fence = g.fence AND l.token = g.token AND g.verdict < 10
    RETURNING l.*, g.verdict, g.error, g.started_ago
),
kept AS (
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, {carried}
    )
    SELECT
        e.run_at, CASE WHEN e.started_ago >= 0 THEN now() - make_interval(secs => e.started_ago) END, now(),
        e.worker_id, e.max_retries, least(e.attempts, 2147483646) + (e.started_ago >= 0)::integer,
        least(e.crashes, 32766) + (e.verdict = 4)::integer, e.losses,
        CASE e.verdict WHEN 1 THEN 'completed' WHEN 3 THEN 'cancelled' ELSE 'failed' END,
        coalesce(e.error, e.last_error), {carried:e}
    FROM ended AS e
    RETURNING id
),
returned AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL,
        token = NULL,
        started_at = NULL,
        attempts = least(l.attempts, 2147483646) + (g.verdict IN (10, 12))::integer,
        crashes = least(l.crashes, 32766) + (g.verdict = 12)::integer,
        losses = least(l.losses, 32766) + (g.verdict = 13)::integer,
        interruptions = CASE WHEN g.verdict IN (11, 14) AND g.started_ago >= 0
            THEN least(coalesce(l.interruptions, 0), 2147483646) + 1 ELSE l.interruptions END,
        suspect = CASE WHEN g.verdict IN (12, 14) OR (g.verdict IN (11, 13, 16) AND l.suspect) THEN true END,
        start_recorded = NULL,
        refused_since = CASE WHEN g.verdict = 16 THEN coalesce(l.refused_since, now())
            WHEN g.started_ago < 0 THEN l.refused_since END,
        run_at = CASE WHEN g.delay >= 0 THEN now() + make_interval(secs => g.delay) ELSE l.run_at END,
        last_error = coalesce(g.error, l.last_error)
    FROM given AS g
    WHERE l.ctid = g.place AND uuid_eq(l.id, g.id) AND l.fence = g.fence AND l.token = g.token AND g.verdict >= 10
    RETURNING l.id
)
SELECT string_agg(uuid_send(s.id), ''::bytea)
FROM (SELECT id FROM kept UNION ALL SELECT id FROM returned) AS s
