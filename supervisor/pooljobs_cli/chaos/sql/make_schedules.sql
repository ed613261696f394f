-- Schedules that tick each second, stored at run time; releases declare one more. Parameters: none. Locks: the new rows.
INSERT INTO {schema}.schedules (name, job_type, payload, every, catch_up, overlap)
SELECT 'stored ' || n, 'quick', '{{"ms": 0}}', 1, 'all', 'allow' FROM generate_series(1, 5) AS n
