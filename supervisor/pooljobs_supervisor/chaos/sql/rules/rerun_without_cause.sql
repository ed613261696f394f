-- Ran more often than its row accounts for. Each run is either charged (attempts: it returned, raised, or crashed) or
-- goes with a recorded loss of its host (losses). Uncharged may be only a claim that a server crash forgot (in doubt),
-- and what a worker ran whose supervisor was killed: nobody saw how that worker ended, so its steward charges nothing.
-- Returns job ids. Locks: none. Index: none.
SELECT h.id AS job_id
FROM {schema}.history AS h
JOIN (
    SELECT r.job_id, count(*) AS runs, count(*) FILTER (WHERE r.in_doubt OR e.incarnation IS NOT NULL) AS explained
    FROM {schema}.runs AS r
    LEFT JOIN {schema}.excused AS e ON e.incarnation = r.incarnation
    GROUP BY r.job_id
    HAVING count(*) > 1
) AS r ON r.job_id = h.id
WHERE r.runs > h.attempts + h.losses + r.explained
