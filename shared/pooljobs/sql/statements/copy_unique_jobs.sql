-- Stores many new jobs whose keys this transaction has taken (take_unique_jobs.sql): the binary format of COPY
-- (pooljobs/db/wire/copy_rows.py). Parameters: none.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges.
-- Run by: applications.
COPY {schema}.live (id, unique_key, run_at, {given}) FROM STDIN (FORMAT binary)
