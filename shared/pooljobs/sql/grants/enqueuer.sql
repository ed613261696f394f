-- What an application needs that enqueues, from Python or by SQL, takes jobs back and waits for them. It gives values to the
-- columns that an enqueue gives, and sees of the jobs there are their ids, queues and times alone: what its own INSERT returns.
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT INSERT (id, run_at, unique_key, {given}), SELECT (id, queue, run_at) ON {schema}.live TO {role};
GRANT SELECT ON {schema}.job_types TO {role};
-- For the command `enqueue`, which says so where nobody serves the queue.
GRANT SELECT (id, queues, job_timeout, leased_until, dead_at) ON {schema}.workers TO {role};
GRANT EXECUTE ON FUNCTION {schema}.enqueue, {schema}.take_unique, {schema}.take_uniques, {schema}.cancel, {schema}.schedule,
    {schema}.unschedule, {schema}.find_results, {schema}.wait_for TO {role};
