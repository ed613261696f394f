-- Keeps the fleet's workers from publishing what they declare until the transaction's end (publish_job_types.sql).
-- Parameters: fleet. Returns nothing of interest. Locks: the fleet's row. Index: fleets_pkey.
-- Run by: the steward.
SELECT FROM {schema}.fleets AS f WHERE f.id = %(fleet)s FOR UPDATE
