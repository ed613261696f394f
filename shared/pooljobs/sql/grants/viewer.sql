-- What it takes to look: `pooljobs jobs list`, `jobs show`, `stats`, and queries of one's own. No table, but of `workers` who
-- they are, which queues they serve, and whether they live.
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON {schema}.jobs, {schema}.schedules TO {role};
GRANT SELECT (id, host, pid, ordinal, queues, job_timeout, leased_until, dead_at) ON {schema}.workers TO {role};
