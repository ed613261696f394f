-- Marks dead the workers whose lease has run out: their host is lost. After a server restart a lease counts from the
-- later of its end and the server's start plus job_timeout, so that an outage alone kills nobody. A worker that is
-- claiming at this moment holds its row and is skipped. Returns id, host, pid and ordinal of each.
-- Parameters: none. Locks: the reaped rows FOR UPDATE SKIP LOCKED. Index: none, the table is small.
UPDATE {schema}.workers AS w
SET dead_at = now()
FROM (
    SELECT e.id
    FROM {schema}.workers AS e
    WHERE e.dead_at IS NULL
      AND greatest(e.leased_until, pg_postmaster_start_time() + e.job_timeout) < now()
    ORDER BY e.id
    FOR UPDATE SKIP LOCKED
) AS expired
WHERE w.id BETWEEN expired.id AND expired.id
RETURNING w.id, w.host, w.pid, w.ordinal
