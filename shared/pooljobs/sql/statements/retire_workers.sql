-- Marks workers dead: from here on they claim nothing, and what they hold is anybody's to release.
-- Parameters: worker_ids bigint[]. Returns nothing. Locks: those rows, waiting for a claim under way.
-- Index: workers_pkey.
-- Run by: the steward.
UPDATE {schema}.workers AS w
SET dead_at = now()
WHERE w.id = ANY (%(worker_ids)s::bigint[]) AND w.dead_at IS NULL
