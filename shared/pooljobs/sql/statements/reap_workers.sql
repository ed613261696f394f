-- Marks dead the workers whose lease has run out: their host is lost; and those that are known to be gone. A lease counts
-- for who has watched for all of its length without a break alone: after an outage, or a promotion, or when the server's
-- clock was set, everybody's is past, and is renewed in a moment. After a server restart it counts from the later of its
-- end and the server's start plus job_timeout. A worker that is claiming at this moment holds its row and is skipped.
-- Returns id, host, pid, ordinal, and whether it is known to be gone, of each.
-- Parameters: watched (seconds), gone bigint[] (ids). Locks: the reaped rows FOR UPDATE SKIP LOCKED. Index: none, the table
-- is small.
-- Run by: the steward.
UPDATE {schema}.workers AS w
SET dead_at = now()
FROM (
    SELECT e.id
    FROM {schema}.workers AS e
    WHERE e.dead_at IS NULL
      AND (
          e.id = ANY (%(gone)s::bigint[])
          OR (
              greatest(e.leased_until, pg_postmaster_start_time() + e.job_timeout) < now()
              AND e.job_timeout < make_interval(secs => %(watched)s)
          )
      )
    ORDER BY e.id
    FOR UPDATE SKIP LOCKED
) AS expired
WHERE w.id BETWEEN expired.id AND expired.id
RETURNING w.id, w.host, w.pid, w.ordinal, w.id = ANY (%(gone)s::bigint[])
