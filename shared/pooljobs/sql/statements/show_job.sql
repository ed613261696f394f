-- Everything known of the jobs whose ids lie in a range: of one job, or of those that share the start of an id.
-- Parameters: first uuid, last uuid, limit. Returns the view's columns, of a running job its worker's host, pid and
-- ordinal, of one that is asked to end when that was asked, how many seconds ago, and the reason given, and of one whose
-- payload was refused since when, and for how many seconds; unknown: it is pending, and fleets live of which none declares
-- its type; retry_policy: as declared last, null if it never was.
-- Locks: none. Index: live_pkey; history_id in each partition; cancellations_pkey; declarations_pkey; job_types_pkey.
SELECT j.*, w.host AS worker_host, w.pid AS worker_pid, w.ordinal AS worker_ordinal,
    c.requested_at AS cancel_requested_at,
    date_part('epoch', now()) - date_part('epoch', c.requested_at) AS cancel_requested_ago,
    c.reason AS cancel_reason,
    date_part('epoch', now()) - date_part('epoch', j.refused_since) AS refused_for,
    j.status = 'pending'
        AND EXISTS (SELECT FROM {schema}.fleets AS f WHERE f.seen_until > now())
        AND NOT EXISTS (
            SELECT FROM {schema}.fleets AS f
            JOIN {schema}.declarations AS d ON d.fleet = f.id
            WHERE f.seen_until > now() AND d.job_type = j.job_type
        ) AS unknown,
    t.retry_policy,
    date_part('epoch', j.run_at) - date_part('epoch', now()) AS due_in
FROM {schema}.jobs AS j
LEFT JOIN {schema}.workers AS w ON w.id = j.worker_id
LEFT JOIN {schema}.job_types AS t ON t.job_type BETWEEN j.job_type AND j.job_type
LEFT JOIN {schema}.cancellations AS c ON c.job_id = j.id AND j.finished_at IS NULL
WHERE j.id BETWEEN %(first)s::uuid AND %(last)s::uuid
ORDER BY j.id
LIMIT %(limit)s
