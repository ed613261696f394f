-- Two runs at the same time, with neither a lost host nor a server crash to explain it. A run that was cut short ended
-- with its process, at a moment nobody noted, and is left out. Returns job ids. Locks: none. Index: none.
SELECT a.job_id
FROM {schema}.runs AS a
JOIN {schema}.runs AS b ON b.job_id = a.job_id AND b.began > a.began AND b.began < a.ended
JOIN {schema}.history AS h ON h.id = a.job_id
WHERE h.losses = 0 AND NOT a.in_doubt AND NOT b.in_doubt
