-- Stores many new jobs: the binary format of COPY (pooljobs/db/wire/copy_rows.py). Parameters: none.
-- Locks: the new rows. Index: live_pkey and live_claim, at their right edges.
-- Run by: applications and the command line.
COPY {schema}.live (id, run_at, {given}) FROM STDIN (FORMAT binary)
