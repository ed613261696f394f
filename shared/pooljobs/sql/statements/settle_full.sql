-- Settles a batch of mixed verdicts (pooljobs/job/verdict.py has the numbers, which are filled in from there: below
-- `first_returned` a job ends and moves to history, from there on it goes back to pending). Batches of jobs that all
-- completed go by settle.sql. Only rows that the claim still owns count: id, fence and token must match.
--
-- Parameters, arrays of one length, sorted by id so that concurrent batches lock in one order:
--   ids uuid[], places tid[] (where claim.sql left the row; null: it is looked up by its id), fences bigint[],
--   tokens bigint[], verdicts smallint[], errors text[] (null: none), delays float8[] (seconds until the next run,
--   -1: run_at stays), started_ago float8[] (seconds since the handler began, -1: it did not), run_ats timestamptz[] (the
--   next run; null: as the delay says), results json[] (what the handler returned, where its type keeps that), notes text[]
--   (why there is none). Null for a whole array of places, errors, run_ats, results or notes means that there are none.
-- Returns: the accepted ids, 16 bytes each, as one bytea. What is absent was lost to somebody else, or its row has moved
--   since the claim: whoever gave a place asks once more without. And whether somebody was told who waits for some of them.
-- Locks: the settled rows. Index: none, rows are read where they lie; live_pkey for those without a place.
-- uuid_eq is `=` as a function, of which the planner knows nothing: by the operator it could also walk live_pkey from end to
--   end, and does where statistics call the table empty. So a row is read at its place or not at all.
-- A job that is released after its handler began, or suspected, is charged nothing; that it ran is counted apart.
-- Suspected and crashed jobs run alone the next time; the mark stays until a run has ended in any other way.
-- refused_since is when a job was first refused since its handler was last called.
-- Run by: workers and the steward.
WITH given AS MATERIALIZED (
    SELECT
        g.id, coalesce(g.place, (SELECT p.ctid FROM {schema}.live AS p WHERE p.id = g.id)) AS place,
        g.fence, g.token, g.verdict, g.error, g.delay, g.started_ago, g.run_at, g.result, g.note
    FROM unnest(
        %(ids)s::uuid[], %(places)s::tid[], %(fences)s::bigint[], %(tokens)s::bigint[], %(verdicts)s::smallint[],
        %(errors)s::text[], %(delays)s::float8[], %(started_ago)s::float8[], %(run_ats)s::timestamptz[],
        %(results)s::json[], %(notes)s::text[]
    ) AS g (id, place, fence, token, verdict, error, delay, started_ago, run_at, result, note)
),
ended AS (
    DELETE FROM {schema}.live AS l
    USING given AS g
    WHERE l.ctid = g.place AND uuid_eq(l.id, g.id) AND l.fence = g.fence AND l.token = g.token AND g.verdict < {first_returned}
    RETURNING l.*, g.verdict, g.error, g.started_ago, g.result, g.note
),
kept AS (
    INSERT INTO {schema}.history (
        run_at, started_at, finished_at, worker_id, max_retries, attempts, crashes, losses, status, last_error, result,
        result_note, {carried}
    )
    SELECT
        e.run_at, CASE WHEN e.started_ago >= 0 THEN now() - make_interval(secs => e.started_ago) END, now(),
        e.worker_id, e.max_retries, least(e.attempts, 2147483646) + (e.started_ago >= 0)::integer,
        least(e.crashes, 32766) + (e.verdict = {poisoned})::integer, e.losses,
        CASE e.verdict WHEN {completed} THEN 'completed' WHEN {cancelled} THEN 'cancelled' ELSE 'failed' END,
        coalesce(e.error, e.last_error), e.result, e.note, {carried:e}
    FROM ended AS e
    RETURNING id
),
returned AS (
    UPDATE {schema}.live AS l
    SET worker_id = NULL,
        token = NULL,
        started_at = NULL,
        attempts = least(l.attempts, 2147483646) + (g.verdict IN ({retry}, {crashed}))::integer,
        crashes = least(l.crashes, 32766) + (g.verdict = {crashed})::integer,
        losses = least(l.losses, 32766) + (g.verdict = {lost})::integer,
        snoozes = CASE WHEN g.verdict = {snoozed} THEN least(coalesce(l.snoozes, 0), 2147483646) + 1 ELSE l.snoozes END,
        interruptions = CASE WHEN g.verdict IN ({released}, {suspected}) AND g.started_ago >= 0
            THEN least(coalesce(l.interruptions, 0), 2147483646) + 1 ELSE l.interruptions END,
        suspect = CASE WHEN g.verdict IN ({crashed}, {suspected})
            OR (g.verdict IN ({released}, {lost}, {refused}) AND l.suspect) THEN true END,
        start_recorded = NULL,
        refused_since = CASE WHEN g.verdict = {refused} THEN coalesce(l.refused_since, now())
            WHEN g.started_ago < 0 THEN l.refused_since END,
        run_at = coalesce(
            g.run_at, CASE WHEN g.delay >= 0 THEN now() + make_interval(secs => g.delay) ELSE l.run_at END
        ),
        last_error = coalesce(g.error, l.last_error)
    FROM given AS g
    WHERE l.ctid = g.place AND uuid_eq(l.id, g.id) AND l.fence = g.fence AND l.token = g.token AND g.verdict >= {first_returned}
    RETURNING l.id
)
SELECT string_agg(uuid_send(s.id), ''::bytea),
    CASE WHEN {schema}.anybody_waits() THEN {schema}.tell_waiters((SELECT array_agg(k.id) FROM kept AS k), now()) END
FROM (SELECT id FROM kept UNION ALL SELECT id FROM returned) AS s
