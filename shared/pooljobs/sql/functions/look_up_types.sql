-- What is known of these job types: how failed runs are retried, as was declared last, and which fields of the payload are
-- secret (both null: nobody ever declared it); and whether it is unknown: fleets live, and none of them declares it. Runs with its owner's rights, and everybody may call
-- it who may use the schema: it tells nothing of types that the caller cannot name. Bound when it is made.
CREATE OR REPLACE FUNCTION {schema}.look_up_types(job_types text[])
RETURNS TABLE (job_type text, retry_policy text, secret text[], unknown boolean)
LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC
    WITH living AS MATERIALIZED (
        SELECT f.id FROM {schema}.fleets AS f WHERE f.seen_until > now()
    ),
    known AS MATERIALIZED (
        SELECT DISTINCT d.job_type FROM {schema}.declarations AS d JOIN living AS f ON f.id = d.fleet
    )
    SELECT asked.job_type, t.retry_policy, t.secret,
        EXISTS (SELECT FROM living) AND asked.job_type NOT IN (SELECT k.job_type FROM known AS k)
    FROM (SELECT DISTINCT n.name FROM unnest(look_up_types.job_types) AS n (name)) AS asked (job_type)
    LEFT JOIN {schema}.job_types AS t ON t.job_type = asked.job_type;
END;
