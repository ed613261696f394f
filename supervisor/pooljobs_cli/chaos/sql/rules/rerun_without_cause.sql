-- Ran more often than its row accounts for. Each run is charged (attempts: it returned, raised, or crashed), or it was
-- cut short and counted (interruptions: under suspicion, or by a kill that was no job's fault), or it goes with a
-- recorded loss of its host (losses). Beside the row is only a claim that a server crash forgot (in doubt).
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
JOIN (
    SELECT r.job_id, count(*) AS runs, count(*) FILTER (WHERE r.in_doubt) AS explained
    FROM {schema}.runs AS r
    GROUP BY r.job_id
    HAVING count(*) > 1
) AS r ON r.job_id = h.id
WHERE r.runs > h.attempts + coalesce(h.interruptions, 0) + coalesce(h.snoozes, 0) + h.losses + r.explained
