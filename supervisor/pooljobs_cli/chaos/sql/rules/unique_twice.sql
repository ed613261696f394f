-- Unique jobs of one key that were there at the same time: between the first beginning of one's runs and the last end of
-- them there was a run of another. With neither a lost host nor a server crash to explain it. Returns job ids. Locks:
-- none. Index: none.
WITH lives AS MATERIALIZED (
    SELECT h.id, h.unique_key, min(r.began) AS began, max(coalesce(r.ended, r.began)) AS ended
    FROM {schema}.history AS h
    JOIN {schema}.runs AS r ON r.job_id = h.id
    WHERE h.unique_key IS NOT NULL AND h.losses = 0
    GROUP BY h.id, h.unique_key
    HAVING NOT bool_or(r.in_doubt)
)
SELECT a.id AS job_id
FROM lives AS a
JOIN lives AS b ON b.unique_key = a.unique_key AND b.id <> a.id AND b.began < a.ended AND b.ended > a.began
