-- Deletes what states of the code declared of which no worker is known any more (forget_workers.sql keeps the dead for a
-- day): until then it is known who was first. Parameters: none. Returns nothing. Locks: those rows. Index: none.
-- Run by: the steward.
DELETE FROM {schema}.schedule_declarations AS d
WHERE NOT EXISTS (SELECT FROM {schema}.workers AS w WHERE w.fleet = d.fleet AND w.code = d.code)
  AND d.first_seen < now() - interval '1 hour'
