-- Takes keys for many new jobs, as take_unique does one, with one rule for all. Keys that nobody has go in together, then
-- those of jobs that have ended are taken over together; one by one goes only what has to look further. All are taken or
-- locked in their order, before anything else: two who come with the same ones wait, and do not deadlock.
-- Parameters: keys, each once, and ids, of one length; payloads, of that length too, where those of jobs that are there
--   may be replaced, else null; the others as of take_unique.
-- Returns arrays of that length: the id of the job that is there, and the outcome. With on_conflict 'raise' either all are
--   new or none is to be inserted: keys are let go of then.
-- Locks and index: as take_unique; rows are read by scalar subqueries, which no statistics turn into a join. Planned anew
--   each time, for as many keys as there are. Runs with its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.take_uniques(
    keys bytea[], ids uuid[], until_start boolean, within double precision, on_conflict text,
    payloads jsonb[], priority integer, run_at timestamptz, max_retries integer, most double precision,
    OUT job_ids uuid[], OUT outcomes text[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $body$
DECLARE
    new_until constant timestamptz := now() + make_interval(secs => within);
    kept_at_once constant boolean := NOT until_start AND on_conflict NOT IN ('replace', 'reschedule');
    others bigint := cardinality(ids);
    took bigint;
    one record;
    single record;
BEGIN
    job_ids := ids;
    outcomes := array_fill('new'::text, ARRAY[cardinality(ids)]);
    INSERT INTO {schema}.uniques AS u (key, job_id, until)
    SELECT g.key, g.id, new_until FROM unnest(keys, ids) AS g (key, id) ORDER BY g.key
    ON CONFLICT ON CONSTRAINT uniques_pkey DO UPDATE SET job_id = u.job_id WHERE false;  -- locks it, in its turn
    GET DIAGNOSTICS took = ROW_COUNT;
    others := others - took;
    IF others = 0 THEN RETURN; END IF;
    -- They are all locked by now, so that what this reads stays as it is: nobody takes, sweeps or runs again such a job.
    INSERT INTO {schema}.uniques AS u (key, job_id, until)
    SELECT g.key, g.id, new_until
    FROM unnest(keys, ids) AS g (key, id)
    WHERE (
        SELECT u.job_id <> g.id AND coalesce(u.until <= now(), true)
            AND (SELECT l.id FROM {schema}.live AS l WHERE l.id = u.job_id) IS NULL
        FROM {schema}.uniques AS u
        WHERE u.key = g.key
    )
    ON CONFLICT ON CONSTRAINT uniques_pkey
    DO UPDATE SET job_id = excluded.job_id, taken_at = clock_timestamp(), until = excluded.until;
    GET DIAGNOSTICS took = ROW_COUNT;
    IF took = others THEN RETURN; END IF;
    FOR one IN  -- of those that are kept without a look at their rows, the holder
        SELECT h.key, h.id, h.place,
            CASE WHEN kept_at_once THEN (SELECT l.id FROM {schema}.live AS l WHERE l.id = h.holder) END AS holder
        FROM (
            SELECT g.key, g.id, g.place, (SELECT u.job_id FROM {schema}.uniques AS u WHERE u.key = g.key) AS holder
            FROM unnest(keys, ids) WITH ORDINALITY AS g (key, id, place)
            OFFSET 0  -- reads it once
        ) AS h
        WHERE h.holder IS DISTINCT FROM h.id
        ORDER BY h.key
    LOOP
        IF one.holder IS NOT NULL THEN
            job_ids[one.place] := one.holder;
            outcomes[one.place] := 'kept';
        ELSE
            SELECT t.job_id, t.outcome INTO single
            FROM {schema}.take_unique(
                one.key, one.id, until_start, within, on_conflict, payloads[one.place], priority, run_at, max_retries, most
            ) AS t;
            job_ids[one.place] := single.job_id;
            outcomes[one.place] := single.outcome;
        END IF;
    END LOOP;
    IF on_conflict = 'raise' AND 'kept' = ANY (outcomes) THEN  -- nothing is to be inserted
        DELETE FROM {schema}.uniques AS u
        USING unnest(keys, ids) AS g (key, id)
        WHERE u.key = g.key AND u.job_id = g.id;
    END IF;
END
$body$;
