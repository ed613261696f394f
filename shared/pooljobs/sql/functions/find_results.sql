-- What became of jobs whose ids are known: those of `ids` that there are, in any order. Of one that has not ended also its
-- state, runs, last error, and how far it is. One snapshot for both tables: a job that moves between them is seen in one of them.
-- Parameters: ids; the time from and up to which those that have ended did so: the partitions and blocks in between are read.
-- The ids should be near each other: history is looked through between the first and the last.
-- Index: live_pkey, by each id, however few rows the statistics tell of; history_id in each partition.
-- Runs with its owner's rights: whoever may call it needs none on the tables, and sees no payload.
CREATE OR REPLACE FUNCTION {schema}.find_results(ids uuid[], ended_from timestamptz, ended_to timestamptz)
RETURNS TABLE (
    job_id uuid, job_type text, state text, attempts integer, finished_at timestamptz, error text, result text, note text,
    progress text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $body$
DECLARE
    ended constant uuid[] := ARRAY(
        SELECT g.id FROM unnest(find_results.ids) AS g (id)
        WHERE (SELECT l.id FROM {schema}.live AS l WHERE l.id = g.id) IS NULL
        ORDER BY g.id
    );
BEGIN
    RETURN QUERY
    SELECT l.id, left(l.job_type, 200), CASE WHEN l.worker_id IS NULL THEN 'pending' ELSE 'running' END,
        least(l.attempts, 2147483646) + (l.worker_id IS NOT NULL)::integer, NULL::timestamptz, left(l.last_error, 8192),
        NULL::text, NULL::text, (
            SELECT left((p.reports -> l.id::text)::text, 4000)
            FROM {schema}.progress AS p
            WHERE p.worker_id = l.worker_id AND p.reports -> l.id::text -> 'token' = to_jsonb(l.token)
        )
    FROM unnest(find_results.ids) AS g (id)
    JOIN {schema}.live AS l ON l.id BETWEEN g.id AND g.id;
    IF ended = '{{}}' THEN RETURN; END IF;
    RETURN QUERY
    SELECT n.id, left(n.job_type, 200), n.status, n.attempts, n.finished_at, left(n.last_error, 8192), n.result::text,
        left(n.result_note, 1000), NULL::text
    FROM (
        SELECT h.id, h.job_type, h.status, h.attempts, h.finished_at, h.last_error, h.result, h.result_note
        FROM {schema}.history AS h
        WHERE h.id BETWEEN ended[1] AND ended[cardinality(ended)]
          AND h.finished_at BETWEEN find_results.ended_from AND find_results.ended_to
        OFFSET 0
    ) AS n
    WHERE n.id IN (SELECT unnest(ended));
END
$body$;
