-- What there was. Parameters: none. Returns one row of counts. Locks: none. Index: none.
SELECT
    (SELECT count(*) FROM {schema}.witness) AS committed,
    (SELECT count(*) FROM {schema}.told_withdrawn) AS rolled_back,
    count(*) FILTER (WHERE status = 'completed') AS completed,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
    coalesce(sum(crashes), 0)::bigint AS crashes,
    count(*) FILTER (WHERE trace_id LIKE '%@____-__-__T%Z') AS ticks,
    count(*) FILTER (WHERE losses > 0) AS lost_with_host,
    (SELECT count(*) FROM {schema}.runs) AS runs,
    (SELECT count(*) FROM {schema}.runs WHERE ended IS NULL) AS cut_short,
    (SELECT count(*) FROM {schema}.runs WHERE in_doubt) AS in_doubt,
    (SELECT count(*) FROM {schema}.runs WHERE beside) AS beside
FROM {schema}.history
