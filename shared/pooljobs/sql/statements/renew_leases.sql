-- Renews the leases of a host's workers in one statement. A dead worker stays dead. Parameters: worker_ids bigint[].
-- Returns the ids that were renewed; a worker that is absent has been reaped. Locks: those rows. Index: workers_pkey.
-- Run by: the steward; workers if it is late.
UPDATE {schema}.workers AS w
SET leased_until = now() + w.job_timeout
WHERE w.id = ANY (%(worker_ids)s::bigint[]) AND w.dead_at IS NULL
RETURNING w.id
