-- Everything known of the jobs whose ids lie in a range: of one job, or of those that share the start of an id.
-- Parameters: first uuid, last uuid, limit. Returns the view's columns, of a running job its worker's host, pid and
-- ordinal, of one that is asked to end when that was asked, how many seconds ago, and the reason given, and of one whose
-- payload was refused since when, and for how many seconds; unknown: it is pending, and fleets live of which none declares
-- its type; retry_policy: as declared last, and secret: the payload's fields to mask; both null if it never was.
-- Locks: none. Index: live_pkey; history_id in each partition; cancellations_pkey; declarations_pkey; job_types_pkey.
-- Run by: the command line.
SELECT j.*,
    date_part('epoch', now()) - date_part('epoch', j.cancel_requested_at) AS cancel_requested_ago,
    date_part('epoch', now()) - date_part('epoch', j.refused_since) AS refused_for,
    j.status = 'pending' AND t.unknown AS unknown,
    t.retry_policy, t.secret,
    date_part('epoch', j.run_at) - date_part('epoch', now()) AS due_in
FROM {schema}.jobs AS j
CROSS JOIN LATERAL {schema}.look_up_types(ARRAY[j.job_type]) AS t
WHERE j.id BETWEEN %(first)s::uuid AND %(last)s::uuid
ORDER BY j.id
LIMIT %(limit)s
