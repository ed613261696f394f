-- Deletes fleets that were last seen a day ago, once no worker names them, and what they declared; it is noted until
-- when that was. Parameters: none. Returns nothing. Locks: those rows, those of their types. Index: declarations_pkey,
-- job_types_pkey; none of fleets and workers, which are small.
-- Run by: the steward.
WITH gone AS MATERIALIZED (
    DELETE FROM {schema}.fleets AS f
    WHERE f.seen_until < now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM {schema}.workers AS w WHERE w.fleet = f.id)
    RETURNING f.id, f.seen_until
),
dropped AS (
    DELETE FROM {schema}.declarations AS d USING gone AS g WHERE d.fleet BETWEEN g.id AND g.id RETURNING d.job_type, g.seen_until
)
UPDATE {schema}.job_types AS t
SET declared_until = greatest(t.declared_until, d.seen_until)
FROM (SELECT d.job_type, max(d.seen_until) AS seen_until FROM dropped AS d GROUP BY d.job_type ORDER BY d.job_type) AS d
WHERE t.job_type BETWEEN d.job_type AND d.job_type
