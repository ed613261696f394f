-- What is paused: queues and job types, since when, by whom and why.
-- Parameters: none. Returns kind ('queue' or 'type'), name, paused_at, paused_ago (seconds), database_user, paused_by and
-- reason (null: not given), by kind and name.
-- Locks: none. Index: none, all of the table, which has a row for each pause.
-- Run by: workers, the steward and the command line.
SELECT p.kind, p.name, p.paused_at, date_part('epoch', now()) - date_part('epoch', p.paused_at) AS paused_ago,
    p.database_user, p.paused_by, p.reason
FROM {schema}.pauses AS p
ORDER BY p.kind, p.name
