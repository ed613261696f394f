-- A part of claim.sql and look_for_work.sql, for those who have met jobs that are not for them: types that their code does
-- not know, flags that their version of pooljobs does not know, and refused jobs whose payload has a shape that their code
-- has lately refused (pooljobs_worker/claims/refused_shapes.py). The last are left to other workers, whose code may take
-- them, until they are 5 s overdue.
-- Parameters: types text[], only_these boolean (true: jobs of these types are theirs, false: of all but these),
--   unknown_flags smallint, refused_shapes bytea[]. Of `live` it asks as `l`.
-- Locks: none. Index: none, the rows have been found already.
-- Run by: workers and the steward, as a part of other statements.
AND (l.job_type = ANY (%(types)s::text[])) = %(only_these)s::boolean
AND (l.flags IS NULL OR l.flags & %(unknown_flags)s::smallint = 0)
AND (l.refused_since IS NULL OR l.run_at <= now() - interval '5 s' OR sha256(convert_to(
    left(l.job_type, 201) || E'\n' || CASE WHEN jsonb_typeof(l.payload) <> 'object' THEN jsonb_typeof(l.payload) ELSE coalesce((
        SELECT string_agg(f.key || ':' || jsonb_typeof(f.value), ',' ORDER BY f.key COLLATE "C")
        FROM jsonb_each(l.payload) AS f
    ), '') END, 'UTF8')) <> ALL (%(refused_shapes)s::bytea[]))
