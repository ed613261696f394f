-- Publishes which schedules a worker's code declares, all at once, with a row of no name for the application itself; workers
-- of one fleet and one state of the code share them. What was declared in the same words before, by whomever, was seen first
-- then. Stewards are told if it is news.
-- Parameters: fleet, code, app, names and definitions (arrays of one length; JSON). Returns a row if it was.
-- Locks: the new rows. Index: schedule_declarations_pkey.
-- Run by: workers.
WITH published AS (
    INSERT INTO {schema}.schedule_declarations (fleet, code, app, name, definition, first_seen)
    SELECT %(fleet)s, %(code)s, %(app)s, g.name, g.definition::jsonb, coalesce((
        SELECT min(d.first_seen) FROM {schema}.schedule_declarations AS d
        WHERE d.name = g.name AND d.definition = g.definition::jsonb
    ), now())
    FROM unnest(%(names)s::text[] || ''::text, %(definitions)s::text[] || NULL::text) AS g (name, definition)
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT CASE WHEN {schema}.may_notify() THEN pg_notify({schema_name}, '!act') END FROM published LIMIT 1
