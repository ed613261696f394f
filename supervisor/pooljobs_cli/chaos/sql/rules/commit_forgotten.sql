-- Its producer was told that the transaction had committed, and it had not. Returns job ids. Locks: none. Index: none.
SELECT t.job_id
FROM {schema}.told_committed AS t
WHERE NOT EXISTS (SELECT FROM {schema}.witness AS w WHERE w.job_id = t.job_id)
