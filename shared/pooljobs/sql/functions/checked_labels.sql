-- A job's tags as they are stored, each once and in their order; null for none. Limits as in pooljobs/job/labels.py, of meta
-- too. Locks: none. Index: none.
CREATE OR REPLACE FUNCTION {schema}.checked_labels(tags text[], meta jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    checked jsonb;
    amount bigint;
    wrong text;
BEGIN
    IF jsonb_typeof(checked_labels.meta) <> 'object' THEN
        RAISE EXCEPTION 'meta must be a JSON object, not %', jsonb_typeof(checked_labels.meta)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'pass names and values';
    END IF;
    IF octet_length(checked_labels.meta::text) > 4096 THEN
        RAISE EXCEPTION 'meta has at most 4096 bytes of JSON, not %', octet_length(checked_labels.meta::text)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what the handler works on into the payload';
    END IF;
    SELECT jsonb_agg(t.tag ORDER BY t.place), count(*) INTO checked, amount
    FROM (
        SELECT u.tag, min(u.place) AS place FROM unnest(checked_labels.tags) WITH ORDINALITY AS u (tag, place) GROUP BY u.tag
    ) AS t;
    IF amount > 16 THEN
        RAISE EXCEPTION 'a job has at most 16 tags, not %', amount
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what tells this job from all others into meta';
    END IF;
    SELECT coalesce(left(t.tag, 40), 'null') INTO wrong
    FROM unnest(checked_labels.tags) AS t (tag)
    WHERE coalesce(length(t.tag), 0) NOT BETWEEN 1 AND 64
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a tag has 1 to 64 characters, and % has not', quote_literal(wrong)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'put what is longer into meta';
    END IF;
    RETURN checked;
END
$body$;
