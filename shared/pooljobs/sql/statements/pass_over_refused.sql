-- A part of claim.sql, for a worker whose code has lately refused payloads of some types: refused jobs of these are left
-- to other workers, whose code may take them, until they are 5 s overdue.
-- Parameters: refused_types text[]. Of `live` it asks as `l`. Locks: none. Index: none, the rows have been found already.
AND (l.refused_since IS NULL OR l.run_at <= now() - interval '5 s' OR l.job_type <> ALL (%(refused_types)s::text[]))
