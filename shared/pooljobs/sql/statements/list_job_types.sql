-- Every job type that was ever declared, if this one is not among them. Parameters: job_type. Returns one row: their names,
-- null where it is.
-- Locks: none. Index: job_types_pkey for the one; none for all.
SELECT CASE WHEN NOT EXISTS (SELECT FROM {schema}.job_types AS t WHERE t.job_type = %(job_type)s::text)
    THEN ARRAY(SELECT t.job_type FROM {schema}.job_types AS t) END
