-- Pauses a job type, in whatever queue: none of its jobs begins, from within a second of the commit on, until it is resumed. What runs goes on, and
-- enqueues work. False if it was paused before: then that stays as it is. Of reason and paused_by 1,000 and 200 characters
-- of the first line are kept. Part of the caller's transaction. Needs INSERT on `pauses`.
CREATE OR REPLACE FUNCTION {schema}.pause_type(name text, reason text DEFAULT NULL, paused_by text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO {schema}.pauses (kind, name, reason, paused_by)
    VALUES (
        'type', pause_type.name,
        left(nullif(btrim(split_part(pause_type.reason, E'\n', 1)), ''), 1000),
        left(nullif(btrim(split_part(pause_type.paused_by, E'\n', 1)), ''), 200)
    )
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$body$;
