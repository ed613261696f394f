-- A part of claim.sql and look_for_work.sql, for those who have met jobs that are not for them: types that their code does
-- not know, flags that their version of pooljobs does not know, and jobs whose payload their code has lately refused. The
-- last are left to other workers, whose code may take them, until they are 5 s overdue.
-- Parameters: types text[], only_these boolean (true: jobs of these types are theirs, false: of all but these),
--   unknown_flags smallint, refused_types text[]. Of `live` it asks as `l`.
-- Locks: none. Index: none, the rows have been found already.
AND (l.job_type = ANY (%(types)s::text[])) = %(only_these)s::boolean
AND (l.flags IS NULL OR l.flags & %(unknown_flags)s::smallint = 0)
AND (l.refused_since IS NULL OR l.run_at <= now() - interval '5 s' OR l.job_type <> ALL (%(refused_types)s::text[]))
