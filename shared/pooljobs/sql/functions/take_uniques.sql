-- Takes keys for many new jobs, as take_unique does one, with one rule for all. Keys that nobody has go in together. All are
-- taken or locked in their order, before anything else: two who come with the same ones wait, and do not deadlock.
-- Parameters: keys, each once, and ids, of one length; payloads, of that length too, where those of jobs that are there
--   may be replaced, else null; the others as of take_unique.
-- Returns arrays of that length: the id of the job that is there, and the outcome. With on_conflict 'raise' either all are
--   new or none is to be inserted: keys are let go of then.
-- Locks and index: as take_unique. Planned anew each time, for as many keys as there are. Runs with its owner's rights.
CREATE OR REPLACE FUNCTION {schema}.take_uniques(
    keys bytea[], ids uuid[], until_start boolean, within double precision, on_conflict text,
    payloads jsonb[], priority integer, run_at timestamptz, max_retries integer, most double precision,
    OUT job_ids uuid[], OUT outcomes text[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $body$
DECLARE
    mine uuid[];
    one record;
    took record;
BEGIN
    WITH taken AS (
        INSERT INTO {schema}.uniques AS u (key, job_id, until)
        SELECT g.key, g.id, now() + make_interval(secs => within)
        FROM unnest(keys, ids) AS g (key, id)
        ORDER BY g.key
        ON CONFLICT ON CONSTRAINT uniques_pkey DO UPDATE SET job_id = u.job_id WHERE false  -- locks it, in its turn
        RETURNING u.job_id AS id
    )
    SELECT coalesce(array_agg(t.id), '{{}}') INTO mine FROM taken AS t;
    job_ids := ids;
    outcomes := array_fill('new'::text, ARRAY[cardinality(ids)]);
    IF cardinality(mine) = cardinality(ids) THEN RETURN; END IF;
    FOR one IN  -- of those that are kept without a look at their rows, the holder
        SELECT g.key, g.id, g.place, h.job_id AS holder
        FROM unnest(keys, ids) WITH ORDINALITY AS g (key, id, place)
        LEFT JOIN LATERAL (
            SELECT u.job_id FROM {schema}.uniques AS u JOIN {schema}.live AS l ON l.id = u.job_id WHERE u.key = g.key
        ) AS h ON NOT until_start AND on_conflict NOT IN ('replace', 'reschedule')
        WHERE NOT g.id = ANY (mine)
        ORDER BY g.key
    LOOP
        IF one.holder IS NOT NULL THEN
            job_ids[one.place] := one.holder;
            outcomes[one.place] := 'kept';
        ELSE
            SELECT t.job_id, t.outcome INTO took
            FROM {schema}.take_unique(
                one.key, one.id, until_start, within, on_conflict, payloads[one.place], priority, run_at, max_retries, most
            ) AS t;
            job_ids[one.place] := took.job_id;
            outcomes[one.place] := took.outcome;
        END IF;
    END LOOP;
    IF on_conflict = 'raise' AND 'kept' = ANY (outcomes) THEN  -- nothing is to be inserted
        DELETE FROM {schema}.uniques AS u
        USING unnest(keys, ids) AS g (key, id)
        WHERE u.key = g.key AND u.job_id = g.id;
    END IF;
END
$body$;
-- A function that is new may be called by those who may enqueue.
DO $do$
DECLARE
    one record;
    this constant regprocedure := (
        SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace(quote_ident({schema_name})) AND p.proname = 'take_uniques'
    );
BEGIN
    IF (SELECT p.proacl IS NOT NULL FROM pg_proc AS p WHERE p.oid = this) THEN RETURN; END IF;
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', this);
    FOR one IN
        SELECT DISTINCT a.grantee FROM pg_proc AS p, aclexplode(p.proacl) AS a
        WHERE p.pronamespace = to_regnamespace(quote_ident({schema_name})) AND p.proname = 'enqueue' AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', this,
            CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END);
    END LOOP;
END
$do$;
