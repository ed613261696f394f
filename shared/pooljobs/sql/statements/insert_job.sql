-- Enqueues one job, and tells hosts whose workers sleep. Parameters: id uuid, null: made here; those of a job; a null
-- run_at means now() plus the delay in seconds, by the database's clock; early boolean. Returns the id, and whether the commit is early. RETURNING is
-- evaluated when the row is in: the job is inserted first, and who sleeps is read afterwards.
-- Where early is true and somebody sleeps, the commit does not wait for the disk: he wakes up during that wait instead of
-- after it. Whoever asks for that has the transaction for himself, and runs wait_for_disk.sql before he calls it done.
-- Locks: the new row. Index: live_pkey and live_claim, at their right edges; idle_hosts_pkey if somebody sleeps.
-- Run by: applications and the command line.
INSERT INTO {schema}.live AS l (id, run_at, {given})
VALUES (
    coalesce(%(id)s, {schema}.uuid_v7()),
    coalesce(%(run_at)s, pg_catalog.now() OPERATOR(pg_catalog.+) pg_catalog.make_interval(secs => %(delay)s)), {given_values}
)
RETURNING l.id::pg_catalog.text, CASE WHEN {schema}.any_host_idle() THEN
    CASE WHEN {schema}.notify_one(l.queue, l.run_at) THEN
        CASE WHEN %(early)s THEN
            pg_catalog.set_config('synchronous_commit', 'off', true) OPERATOR(pg_catalog.=) 'off'
        END
    END
END AS early
