-- Has `waiter`, a process, told of the end of these jobs for so many seconds from now on, an hour at most; 0: not any more.
-- Said again it is a renewal. What others have left behind goes by the way. The sequence is read at its present value, so it
-- is set before the rows are there; whoever calls this looks at the jobs after it, and some moments later once more.
-- Locks: the caller's own rows; those past, if nobody has them. Commits without waiting for the disk.
-- Runs with its owner's rights: whoever may call it needs none on the tables.
CREATE OR REPLACE FUNCTION {schema}.wait_for(ids uuid[], waiter bigint, seconds double precision) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    gate constant regclass := format('%I.waiting_until', {schema_name}::text)::regclass;
    ends constant timestamptz := now() + make_interval(secs => least(wait_for.seconds, 3600));
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF wait_for.seconds <= 0 THEN
        DELETE FROM {schema}.waiters AS w WHERE w.job_id = ANY (wait_for.ids) AND w.waiter = wait_for.waiter;
        RETURN;
    END IF;
    PERFORM setval(gate, greatest(ceil(extract(epoch FROM ends))::bigint, coalesce(pg_sequence_last_value(gate), 0)));
    DELETE FROM {schema}.waiters AS w
    USING (SELECT e.job_id, e.waiter FROM {schema}.waiters AS e WHERE e.until < now() FOR UPDATE SKIP LOCKED) AS past
    WHERE w.job_id = past.job_id AND w.waiter = past.waiter;
    INSERT INTO {schema}.waiters AS w (job_id, waiter, until)
    SELECT DISTINCT g.id, wait_for.waiter, ends FROM unnest(wait_for.ids) AS g (id)
    ON CONFLICT ON CONSTRAINT waiters_pkey DO UPDATE SET until = excluded.until;
END
$body$;
