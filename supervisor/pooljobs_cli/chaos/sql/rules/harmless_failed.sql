-- In a storm: a harmless job that was not completed. Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id FROM {schema}.history AS h WHERE h.job_type = 'quick' AND h.status <> 'completed'
