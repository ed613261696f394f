-- Stores many new jobs: the binary format of COPY (pooljobs/db/rows.py). Parameters: none.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges.
COPY {schema}.live (id, run_at, max_retries, priority, queue, job_type, trace_id, payload) FROM STDIN (FORMAT binary)
