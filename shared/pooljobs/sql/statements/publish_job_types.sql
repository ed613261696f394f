-- Publishes what a worker's code declares, once a fleet, and as the last word on each type. Rows that say the same
-- already are left alone, so that a fleet booting together writes them once.
-- What was secret once stays so.
-- Parameters: fleet, code, arrays of one length; secrets has a JSON array of names for each type,
--   unique_rules a JSON object, or null. Returns nothing.
-- Locks: the fleet's row FOR SHARE, so that nobody drops them meanwhile (drop_declarations.sql); the changed rows, in the
--   order of their names. Index: fleets_pkey, job_types_pkey, declarations_pkey.
-- Run by: workers.
WITH fleet AS MATERIALIZED (
    SELECT f.id FROM {schema}.fleets AS f WHERE f.id = %(fleet)s FOR SHARE
),
declared AS MATERIALIZED (
    SELECT g.*
    FROM fleet, unnest(
        %(job_types)s::text[], %(queues)s::text[], %(max_retries)s::integer[], %(policies)s::text[], %(delays)s::float8[],
        %(secrets)s::text[], %(unique_rules)s::text[]
    ) AS g (job_type, queue, max_retries, retry_policy, retry_delay_secs, secret, unique_rule)
    ORDER BY g.job_type
),
known AS (
    INSERT INTO {schema}.job_types AS t (job_type, queue, max_retries, retry_policy, retry_delay_secs, secret, unique_rule)
    SELECT d.job_type, d.queue, d.max_retries, d.retry_policy, d.retry_delay_secs,
        ARRAY(SELECT jsonb_array_elements_text(d.secret::jsonb)), d.unique_rule::jsonb
    FROM declared AS d
    ON CONFLICT (job_type) DO UPDATE
    SET queue = excluded.queue, max_retries = excluded.max_retries, retry_policy = excluded.retry_policy,
        retry_delay_secs = excluded.retry_delay_secs, updated_at = now(), unique_rule = excluded.unique_rule,
        secret = ARRAY(SELECT unnest(t.secret) UNION SELECT unnest(excluded.secret))
    WHERE (t.queue, t.max_retries, t.retry_policy, t.retry_delay_secs, t.unique_rule) IS DISTINCT FROM (
        excluded.queue, excluded.max_retries, excluded.retry_policy, excluded.retry_delay_secs, excluded.unique_rule)
        OR NOT t.secret @> excluded.secret
)
INSERT INTO {schema}.declarations (fleet, code, job_type, queue, max_retries, retry_policy, retry_delay_secs)
SELECT %(fleet)s, %(code)s, d.job_type, d.queue, d.max_retries, d.retry_policy, d.retry_delay_secs FROM declared AS d
ON CONFLICT DO NOTHING
