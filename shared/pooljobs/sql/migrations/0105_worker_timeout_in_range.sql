-- oldest code: 100
-- Every claim and every look for lost hosts adds a worker's timeout to a time: one row with 178 million years in it made all
-- of them fail. Of the numbers in `live` none is bounded here: a check is read and prepared anew by each statement that
-- inserts or updates, and would not help, since a counter at its bound is counted on by the next run. The statements count
-- only as far as the column goes.
UPDATE {schema}.workers AS w
SET job_timeout = least(greatest(w.job_timeout, interval '0'), interval '100 years')
WHERE w.job_timeout NOT BETWEEN interval '0' AND interval '100 years';
ALTER TABLE {schema}.workers
    ADD CONSTRAINT workers_job_timeout_in_range CHECK (job_timeout BETWEEN interval '0' AND interval '100 years');
