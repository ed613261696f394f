-- Stores many new jobs: the text format of COPY, a line a job (pooljobs/db/copied.py). Parameters: none.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges.
COPY {schema}.live (id, run_at, max_retries, priority, queue, job_type, trace_id, payload) FROM STDIN
